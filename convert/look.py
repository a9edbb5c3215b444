"""The commands that only look: ``gluonport models`` and ``gluonport inspect``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from architectures.catalogue import MODELS, no_model_called
from architectures.console import Command, choosing, one_line, print_json
from architectures.figure import Regime
from architectures.record import Model
from convert.refusal import SHOWN, described
from mappings.choice import Choice
from mappings.families import family_of
from mappings.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from convert.inspection import Inspection

REGIMES: tuple[Regime, ...] = ("gluon", "timm", "mmpretrain")
UNDECIDED = (
    "* GluonCV prints two top-1 figures, without mix-up (vanilla) and with it, and does not say\n"
    "  which of them the stored weights have: nothing is judged by either."
)


@click.command(cls=Command)
@click.argument("pattern", default="*")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models_command(pattern: str, as_json: bool) -> None:
    """List the models of the catalogue, all or those that match PATTERN ('gluon_se*')."""
    chosen = [model for model in MODELS if fnmatchcase(model.name, pattern)]
    if not chosen:
        raise no_model_called(pattern)
    if as_json:
        print_json({"models": [_as_json(model) for model in chosen]})
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("name", "source name"):
        table.add_column(title, no_wrap=True)
    for title in ("parameters", "input", *(f"top-1 / top-5, {regime}" for regime in REGIMES)):
        table.add_column(title, justify="right", no_wrap=True)
    family = ""
    for model in chosen:
        if model.family != family:
            family = model.family
            table.add_row(f"[bold]{family}")
        figures = {figure.regime: str(figure) for figure in model.source.figures}
        if model.undecided:
            figures[model.regimes[0]] = f"{model.undecided} *"
        table.add_row(
            model.name,
            model.source.name,
            f"{model.parameters:,}",
            str(model.input_size),
            *(figures.get(regime, "-") for regime in REGIMES),
        )
    _show(table)
    if any(model.undecided for model in chosen):
        click.echo(UNDECIDED)


def _show(table: Table) -> None:
    """Print a table: fitted to a terminal, whole lines elsewhere."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = 240
    console.print(table)


def _as_json(model: Model) -> dict[str, object]:
    return {
        "name": model.name,
        "family": model.family,
        "source": model.source.framework,
        "source_name": model.source.name,
        "sha1": model.source.sha1,
        "url": model.source.url,
        "parameters": model.parameters,
        "num_classes": model.num_classes,
        "input_size": model.input_size,
        "regimes": list(model.regimes),
        "accuracy": {
            figure.regime: {
                "top1": figure.top1,
                "top5": figure.top5,
                "source": figure.source,
                "weights": figure.weights,
            }
            for figure in model.source.figures
        }
        or None,
        "undecided": model.undecided and model.undecided.as_json(),
    }


@click.command(cls=Command)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@choosing
@click.option("--digests", "with_digests", is_flag=True, help="List every tensor and its sha256.")
def inspect_command(file: str, as_json: bool, choice: Choice, with_digests: bool) -> None:
    """Say what FILE is: format, naming, precisions, tensors, architecture, classes."""
    from convert.inspection import digests, inspect

    found = inspect(file, choice)
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
        _show(table)


def _print(found: Inspection) -> None:
    checkpoint = found.checkpoint
    lines = [
        ("file", str(checkpoint.path)),
        ("format", checkpoint.format),
        ("naming", found.naming or "none: a list without names"),
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
        lines.append(("model", f"{fit.model.name} but for its classifier: see --no-classifier"))
    if found.thumbnail:
        lines.append(("model", f"{found.thumbnail} with thumbnail=True, which is not covered yet"))
    elif not found.exact and not found.backbones:
        lines.append(("model", "none of the catalogue fits by every name and shape"))
        if family := family_of([tensor.name for tensor in checkpoint.tensors]):
            lines.append(("looks like", f"{family}, by its names"))
        lines += [("nearest", f"{fit.model.name}, {described(fit)}") for fit in found.fits[:SHOWN]]
    for title, text in lines:
        click.echo(f"{title:12}{one_line(text)}")
