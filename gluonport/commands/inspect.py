"""``gluonport inspect``: what a checkpoint is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gluonport.commands.console import Command, choosing, print_json
from gluonport.commands.tables import show_table
from mappings.choice import Choice
from mappings.families import family_of
from mappings.words import counted, one_line

if TYPE_CHECKING:
    from convert.inspection import Inspection


@click.command(cls=Command)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@choosing
@click.option("--digests", "with_digests", is_flag=True, help="List every tensor with its sha256.")
def inspect(file: str, as_json: bool, choice: Choice, with_digests: bool) -> None:
    """Show the format, model, tensors and classes of FILE."""
    from convert.inspection import digests, inspect_checkpoint

    found = inspect_checkpoint(file, choice)
    rows = list(digests(found.checkpoint)) if with_digests else []
    if as_json:
        print_json(found.as_json() | ({"digests": rows} if with_digests else {}))
        return
    _print(found)
    if with_digests:
        from rich.table import Table
        from rich.text import Text

        table = Table("name", "shape", "dtype", "storage", "offset", "sha256", box=None)
        for row in rows:
            table.add_row(*(Text(one_line(str(value))) for value in row.values()))
        show_table(table)


def _print(found: Inspection) -> None:
    from convert.refusal import described, shown

    checkpoint = found.checkpoint
    lines = [
        ("file", str(checkpoint.path)),
        ("format", checkpoint.format),
        ("naming", found.naming or "the arrays have no names"),
        ("dtypes", ", ".join(f"{count} {dtype}" for dtype, count in found.dtypes.items())),
        ("tensors", str(len(checkpoint.tensors))),
        ("parameters", f"{found.parameters:,}"),
    ]
    lines += [("", note) for note in found.notes]
    for fit in found.exact:
        classes = counted(fit.num_classes or 0, "class", "classes")
        channels = counted(fit.in_chans or 0, "channel")
        lines.append(("model", f"{fit.model.name}, {classes}, images of {channels}"))
    for fit in found.backbones:
        lines.append(("model", f"{fit.model.name} without its classifier: see --no-classifier"))
    if found.thumbnail:
        lines.append(
            ("model", f"{found.thumbnail} with thumbnail=True, which is not supported yet")
        )
    elif not found.exact and not found.backbones:
        lines.append(("model", "no model of the catalogue fits every name and shape"))
        if family := family_of([tensor.name for tensor in checkpoint.tensors]):
            lines.append(("looks like", f"{family}, by its names"))
        lines += [("nearest", f"{fit.model.name}, {described(fit)}") for fit in shown(found.fits)]
    for title, text in lines:
        click.echo(f"{title:12}{one_line(text)}")
