"""The ``convert`` command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from architectures.catalogue import is_known
from convert.formats.records import GRAPH, RAW
from gluonport.commands.console import (
    Command,
    Failure,
    ModelName,
    choosing,
    print_json,
    shapes_option,
)
from gluonport.commands.fetching import ELSEWHERE, acceptance, hashes
from gluonport.commands.many import many_options
from mappings.choice import Choice
from mappings.words import counted, first_few, one_line

if TYPE_CHECKING:
    from convert.many.shares import Share

COLUMN = 12
COLUMNS = {
    "name": "name",
    "result": "status",
    "model": "model",
    "parameters": "parameters",
    "seconds": "seconds",
    "target": "target",
}


class ConvertCommand(Command):
    """It says how a file is given, for it is often given as one more argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            found = re.search(r"extra argument \((.+)\)", error.message)
            if not found or not Path(found[1]).exists():
                raise
            said = f"{error.message.removesuffix('.')}: a file to convert is given with --from"
            raise click.UsageError(said, error.ctx) from None


@click.command(cls=ConvertCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name", type=ModelName(), required=False, metavar="NAME")
@click.argument("out", type=click.Path(), required=False)
@click.option(
    "--all",
    "pattern",
    metavar="PATTERN",
    help="Convert every model of the catalogue whose name matches PATTERN ('gluon_resnet*') into "
    "the folder OUTDIR, the only argument then.",
)
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help=f"A checkpoint file, an MXNet graph, {ELSEWHERE}, or 'synthetic'; with --all, and with "
    "'auto OUTDIR', a folder of files. Default: download the published checkpoint.",
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
@shapes_option
@choosing
@click.option(
    "--no-classifier",
    is_flag=True,
    help="Convert the network without its classifier (num_classes=0).",
)
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
@click.option("--allow-nonfinite", is_flag=True, help="Accept weights that are NaN or infinite.")
@many_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.version_option(package_name="gluonport")
def main(
    name: str | None,
    out: str | None,
    pattern: str | None,
    source: str | None,
    sha256: str | None,
    sha1: str | None,
    params: str | None,
    dtype: str,
    naming: str,
    shapes: dict[str, tuple[int, ...]],
    choice: Choice,
    no_classifier: bool,
    force: bool,
    allow_nonfinite: bool,
    jobs: int | None,
    shard: Share | None,
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

    Many at once: 'convert --all PATTERN OUTDIR' converts the models of the catalogue, and 'convert
    auto OUTDIR --from FOLDER' every checkpoint and graph in a folder. What is done already is
    skipped, and one that fails does not stop the others.
    """
    if pattern is not None:
        if out is not None:
            raise click.UsageError("--all PATTERN takes one argument, the folder OUTDIR")
        out = name
    if name is None or out is None:
        missing = "OUTDIR" if pattern is not None else "NAME" if name is None else "OUT"
        raise click.UsageError(f"Missing argument '{missing}'.")
    if pattern is not None or _is_many(name, out, source):
        if params or sha256 or sha1 or shapes or naming != "structural":
            raise click.UsageError(
                "--params, --input, --sha256, --sha1 and --naming are for one file"
            )
        same: dict[str, Any] = {"force": force, "allow_nonfinite": allow_nonfinite}
        same |= {"dtype": dtype, "classifier": not no_classifier, "choice": choice}
        return _convert_many(pattern, Path(out), source, same, jobs, shard, as_json)
    if jobs is not None or shard is not None:
        raise click.UsageError(
            "--jobs and --shard are for many: --all PATTERN OUTDIR, or auto OUTDIR --from FOLDER"
        )
    _demand_model_and_source(name, out, source)
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
        inputs=shapes,
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


def _demand_model_and_source(name: str, out: str, source: str | None) -> None:
    """Refuse a file in the place of NAME; and a SOURCE that is not there, where OUT has no suffix:
    a folder of files may be meant, and then nothing else is wrong."""
    if Path(name).is_file() and Path(name).suffix and not is_known(name):
        right = out if out.endswith((".safetensors", ".params")) else "OUT.safetensors"
        raise Failure(
            f"{name}: this is a file, expected the NAME of a model, or auto: "
            f"convert auto {right} --from {name}"
        )
    local = source is not None and source != "synthetic" and ":" not in source
    if name == "auto" and local and not Path(out).suffix and not Path(source or "").exists():
        raise Failure(f"{source}: there is no such file or folder; check the path")


def _is_many(name: str, out: str, source: str | None) -> bool:
    """Whether ``auto OUTDIR --from FOLDER`` is asked for: OUT is not the name of a file."""
    file = out.endswith((".safetensors", ".params")) and not Path(out).is_dir()
    return name == "auto" and not file and source is not None and Path(source).is_dir()


def _convert_many(
    pattern: str | None,
    outdir: Path,
    source: str | None,
    same: dict[str, Any],
    jobs: int | None,
    shard: Share | None,
    as_json: bool,
) -> None:
    from convert.many.conversions import of_catalogue, of_folder
    from convert.many.one_conversion import ManyOptions, convert_one
    from convert.many.results_file import ShareResults, results_path
    from gluonport.commands.many import carry_out, conclude, share_here, together
    from mappings.errors import ConversionError

    if outdir.suffix in (".safetensors", ".params") or (outdir.exists() and not outdir.is_dir()):
        raise ConversionError(f"{outdir}: expected the name of a folder, for many files")
    options, share = ManyOptions(**same), share_here(shard)
    if pattern is None:
        asked = of_folder(Path(str(source)), outdir, options)
    else:
        asked = of_catalogue(pattern, source, outdir, options)
    outdir.mkdir(parents=True, exist_ok=True)
    where = "synthetic" if source == "synthetic" else "published" if source is None else "files"
    results = ShareResults(
        "convert",
        {**options.as_json(), "source": where},
        share,
        asked.members,
        path=results_path(outdir, "convert", share),
    )
    carry_out(results, asked.errands, asked.refused, convert_one, jobs)
    everyones = together(results, shard)
    if everyones is None:  # rank 0 tells
        click.get_current_context().exit(int(not results.all_good))
    if not as_json:
        if asked.left_out:
            click.echo(f"never published, left out: {first_few(asked.left_out)}")
        if asked.others:
            click.echo(f"{counted(asked.others, 'other file')} in {source}, left out")
    conclude(everyones, COLUMNS, as_json, left_out=list(asked.left_out), others=asked.others)
