"""``verify tensors``: two checkpoints compared."""

from __future__ import annotations

import click

from architectures.catalogue import find_model
from gluonport.commands.console import Command, Failure, ModelName, choosing, print_json
from gluonport.commands.fetching import here
from gluonport.commands.tables import print_table
from mappings.choice import Choice


@click.command(cls=Command)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option(
    "--model",
    metavar="NAME",
    type=ModelName(),
    help="The model whose names pair the tensors. Default: recognise it.",
)
@choosing
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def tensors(a: str, b: str, model: str | None, choice: Choice, as_json: bool) -> None:
    """Compare the tensors of two checkpoints bit for bit.

    A and B may have different formats and names. They may lie elsewhere, as
    hf-hub:OWNER/NAME[@REVISION][:FILE] or https://HOST/FILE#sha256=HEX.
    """
    from verify.tensors.comparison import compare_tensors

    a, b = here(a).path, here(b).path
    found = compare_tensors(a, b, find_model(model) if model else None, choice)
    if as_json:
        print_json(found.as_json())
    elif found.equal:
        click.echo(f"equal: {found.compared} tensors, bit for bit, {found.model or 'by name'}")
    else:
        rows = [(d.block or "", d.a.name, d.b.name, d.detail) for d in found.differences]
        rows += [("", name, "", "only in the first file") for name in found.only_a]
        rows += [("", "", name, "only in the second file") for name in found.only_b]
        print_table(("block", "first file", "second file", "difference"), rows)
    if not found.equal:
        raise Failure(found.failure())
