"""Write what each model's own network in MXNet computes, with which graphs are compared.

uv run scripts/make_computations.py [--check] [NAME...]

``--check`` makes them again and compares, without writing anything. A model without a graph gets
no file: networks of timm and mmpretrain, and GroupNorm of GluonCV, which MXNet cannot trace.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
from pathlib import Path

import click

from architectures import MODELS, Model, find_model
from convert.computed import Computation, computation
from convert.formats.symbol import parse_symbol
from convert.graph_agreement import layers_of
from gluonport.commands.console import Command, Failure

FOLDER = Path(__file__).parents[1] / "architectures" / "computations"
SCRIPT = Path(__file__).parent / "zoo_symbols.py"


def computations(models: list[Model], folder: Path) -> dict[str, Computation]:
    """What MXNet's network of each model computes, of those that have a graph."""
    names = [m.source.name for m in models if m.source.framework in ("gluoncv", "mxnet")]
    subprocess.run(["uv", "run", "--quiet", "--script", SCRIPT, folder, *names], check=True)
    found = {}
    for model in models:
        path = folder / f"{model.source.name}-symbol.json"
        if path.exists():
            graph = parse_symbol(path.read_bytes(), path)
            found[model.name] = computation(graph, layers_of(graph, model.table))
    return found


def packed(found: Computation) -> bytes:
    """A computation as it is packaged; the same one gives the same bytes."""
    parts = {name: part.as_json() for name, part in found.items()}
    return gzip.compress(json.dumps(parts, separators=(",", ":")).encode(), mtime=0)


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Compare with the packaged ones, change nothing.")
def main(names: tuple[str, ...], check: bool) -> None:
    """Make the computations of NAMES, or of the whole catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        found = computations([find_model(name) for name in names] or [*MODELS], Path(folder))
    failed = []
    for name, parts in found.items():
        path = FOLDER / f"{name}.json.gz"
        if not check:
            path.write_bytes(packed(parts))
        elif not path.exists() or gzip.decompress(path.read_bytes()) != gzip.decompress(
            packed(parts)
        ):
            failed.append(name)
    click.echo(f"{len(found)} computations")
    if failed:
        raise Failure(f"computations of {', '.join(failed)} are not what MXNet has now")


if __name__ == "__main__":
    main()
