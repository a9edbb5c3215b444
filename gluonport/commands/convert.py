"""The ``convert`` command."""

from __future__ import annotations

import click

from convert.formats.records import GRAPH, RAW
from gluonport.commands.console import Command, ModelName, choosing, print_json
from gluonport.commands.fetching import ELSEWHERE, acceptance, hashes
from mappings.choice import Choice
from mappings.words import one_line

COLUMN = 12


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=ModelName())
@click.argument("out", type=click.Path())
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help=f"A checkpoint file, an MXNet graph, {ELSEWHERE}, or 'synthetic'. Default: download the "
    "published checkpoint.",
)
@hashes
@click.option(
    "--params",
    metavar="FILE",
    help="The parameters of the graph. Default: the .params with the highest number beside it.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "bfloat16", "keep"]),
    default="float32",
    show_default=True,
    help="Precision of the weights in OUT.",
)
@click.option(
    "--naming",
    type=click.Choice(["structural", "export"]),
    default="structural",
    show_default=True,
    help="Names in a .params file: those of save_parameters, or those of export (arg:, aux:).",
)
@choosing
@click.option(
    "--no-classifier",
    is_flag=True,
    help="Convert the network without its classifier (num_classes=0).",
)
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
@click.option("--allow-nonfinite", is_flag=True, help="Accept weights that are NaN or infinite.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.version_option(package_name="gluonport")
def main(
    name: str,
    out: str,
    source: str | None,
    sha256: str | None,
    sha1: str | None,
    params: str | None,
    dtype: str,
    naming: str,
    choice: Choice,
    no_classifier: bool,
    force: bool,
    allow_nonfinite: bool,
    as_json: bool,
) -> None:
    """Convert a Gluon checkpoint to PyTorch, or back.

    NAME is a model of the catalogue ('gluonport models' lists them), 'auto' to recognise the model
    by the file's names and shapes, 'graph' to convert an MXNet graph whatever it is, or 'raw' to
    take every array as it is. OUT ends in .safetensors (PyTorch) or .params (Gluon). Its
    provenance, a record of the conversion, is written beside it, and OUT.py, the network of a
    graph.

    A graph is a NAME-symbol.json, its prefix, its folder, or SageMaker's model.tar.gz. 'auto'
    converts it by a model of the catalogue if its parameters fit one.
    """
    from convert.conversion import convert

    done = convert(
        name,
        out,
        source,
        dtype,  # type: ignore[arg-type]
        naming=naming,  # type: ignore[arg-type]
        ema=choice.ema,
        weights=choice.weights,
        ignore=choice.ignore,
        classifier=not no_classifier,
        params=params,
        sha256=sha256,
        sha1=sha1,
        accept=acceptance(),
        force=force,
        allow_nonfinite=allow_nonfinite,
    )
    if as_json:
        print_json(done.as_json())
        return
    found, plain = "", done.model in (GRAPH, RAW)
    if done.model == GRAPH:
        if done.target.endswith(".safetensors"):
            found = f"its network is {done.target.removesuffix('.safetensors')}.py"
    elif name == "auto":
        found = "recognised: every name and shape fits it, and no other model"
    for title, text in (
        ("model", f"{done.model}{found and f' ({found})'}"),
        ("source", f"{done.source} ({done.source_format}, {done.naming} names)"),
        ("fetched", done.fetched or ""),
        ("", "; ".join(done.notes)),
        ("target", f"{done.target} ({done.dtype})"),
        ("tensors", f"{done.tensors}, every one reread and equal"),
        ("parameters", f"{done.parameters:,}"),
        ("classes", str(done.num_classes or ("" if plain else "none: it has no classifier"))),
        ("channels", str(done.in_chans or "")),
        ("sha256", done.target_sha256),
        ("", "synthetic weights: a test of names and networks, not a model" * done.synthetic),
    ):
        if text:
            click.echo(f"{title:{COLUMN}}{one_line(text)}")
