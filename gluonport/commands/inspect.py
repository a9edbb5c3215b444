"""``gluonport inspect``: what a checkpoint or a graph is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gluonport.commands.console import Command, choosing, print_json, shapes_option
from gluonport.commands.fetching import hashes, here
from gluonport.commands.tables import show_table
from mappings.choice import Choice
from mappings.families import family_of
from mappings.words import counted, first_few, one_line

if TYPE_CHECKING:
    from convert.graph_inspection import GraphInspection
    from convert.inspection import Inspection

SHOWN = 5  # nodes with problems


@click.command(cls=Command)
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@choosing
@hashes
@click.option("--digests", "with_digests", is_flag=True, help="List every tensor with its sha256.")
@click.option(
    "--params",
    metavar="PARAMS",
    help="The parameters of the graph FILE. Default: the .params with the highest number beside "
    "it.",
)
@shapes_option
def inspect(
    file: str,
    as_json: bool,
    choice: Choice,
    sha256: str | None,
    sha1: str | None,
    with_digests: bool,
    params: str | None,
    shapes: dict[str, tuple[int, ...]],
) -> None:
    """Show the format, model, tensors and classes of FILE.

    Of an MXNet graph, a NAME-symbol.json, its prefix, its folder, or SageMaker's model.tar.gz, it
    shows inputs, outputs, operators, the parameters beside it, and what is not supported.

    FILE may lie elsewhere: hf-hub:OWNER/NAME[@REVISION][:FILE], or https://HOST/FILE.
    """
    from convert.graph_source import is_graph_source
    from convert.inspection import Inspection, digests, inspect_checkpoint

    located = here(file, sha256, sha1)
    file = located.path
    params = params and here(params).path
    found: Inspection | GraphInspection
    if is_graph_source(file):
        from convert.graph_inspection import inspect_graph

        found = inspect_graph(file, params, shapes, choice)
    elif params is not None or shapes:
        raise click.UsageError(f"--params and --input are for graphs, and {file} is not one")
    else:
        found = inspect_checkpoint(file, choice)
    rows = list(digests(found.checkpoint)) if with_digests and found.checkpoint else []
    if as_json:
        fetched = located.fetched and located.fetched.source
        print_json(
            found.as_json() | {"fetched": fetched} | ({"digests": rows} if with_digests else {})
        )
        return
    lines = _of_checkpoint(found) if isinstance(found, Inspection) else _of_graph(found)
    if located.fetched:
        lines.insert(1, ("fetched", str(located.fetched.source)))
    for title, text in lines:
        click.echo(f"{title:12}{one_line(text)}")
    if rows:
        from rich.table import Table
        from rich.text import Text

        table = Table("name", "shape", "dtype", "storage", "offset", "sha256", box=None)
        for row in rows:
            table.add_row(*(Text(one_line(str(value))) for value in row.values()))
        show_table(table)


def _of_checkpoint(found: Inspection) -> list[tuple[str, str]]:
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
    if found.stored:
        lines.append(("stored as", f"{found.stored.stem}.params by its sha1: {found.stored.name}"))
    if found.packaged:
        name, count = found.packaged.record.name, found.packaged.classes
        of = "" if count is None else f", {counted(count, 'class', 'classes')}"
        lines.append(("model", f"{name}, by its packaged graph{of}"))
        return lines
    for fit in found.exact:
        classes = counted(fit.num_classes or 0, "class", "classes")
        channels = counted(fit.in_chans or 0, "channel")
        lines.append(("model", f"{fit.model.name}, {classes}, images of {channels}"))
    for fit in found.backbones:
        lines.append(("model", f"{fit.model.name} without its classifier: see --no-classifier"))
    if found.thumbnail:
        lines.append(("model", f"{found.thumbnail} with thumbnail=True: convert its graph"))
    elif not found.exact and not found.backbones:
        lines.append(("model", "no model of the catalogue fits every name and shape"))
        if family := family_of([tensor.name for tensor in checkpoint.tensors]):
            lines.append(("looks like", f"{family}, by its names"))
        lines += [("nearest", f"{fit.model.name}, {described(fit)}") for fit in shown(found.fits)]
    return lines


def _of_graph(found: GraphInspection) -> list[tuple[str, str]]:
    from architectures.graph.infer import shown

    graph, checkpoint = found.graph, found.checkpoint
    lines = [
        ("file", str(found.symbol.path)),
        ("format", f"MXNet graph, written by {found.version or 'MXNet before 0.9'}"),
        ("nodes", f"{len(graph.nodes):,}"),
        *((("input"), f"{name} {shown(shape)}") for name, shape in found.inputs.items()),
        *((("label"), f"{name}, for training alone") for name in found.labels),
        *((("output"), f"{name} {shown(shape)}") for name, shape in found.outputs),
        ("operators", ", ".join(f"{count} {op}" for op, count in graph.operators.most_common())),
    ]
    if checkpoint is not None:
        lines.append(("parameters", f"{checkpoint.path} ({checkpoint.format})"))
        lines.append(("present", str(len(found.held))))
    lines.append(("missing", _listed(found.missing)))
    if checkpoint is not None:
        lines.append(("unused", _listed(found.unused)))
    lines += [("", note) for note in found.notes]
    lines += [("model", f"{name}, by its table") for name in found.models]
    lines += [
        ("unsupported", f"{each.operator} ({each.count} x, first {each.first!r}) {each.why}")
        for each in found.unsupported
    ]
    lines += [("unsupported", problem) for problem in found.problems[:SHOWN]]
    if len(found.problems) > SHOWN:
        lines.append(("", f"and {counted(len(found.problems) - SHOWN, 'node')} more"))
    if not found.unsupported and not found.problems:
        lines.append(("supported", "every operator and attribute"))
    return lines


def _listed(names: list[str]) -> str:
    return f"{len(names)}: {first_few(names)}" if names else "none"
