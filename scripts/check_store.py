"""Check every stored name: real MXNet writes a drawn file, which is converted by name and by auto.

    uv run python scripts/check_store.py FOLDER [NAME...] [--again] [--batch N]
    uv run python scripts/check_store.py FOLDER --record

NAMEs are those of ``gluonport models`` (``gluon_...``, ``mxnet_...``); without any: each name of
the two stores. For each, MXNet writes ``save_parameters`` of the network with drawn parameters and
runs it in float64; ``convert NAME`` and ``convert auto`` must give the same bytes, and the
network's outputs must be MXNet's. Where they are not, as in a detector that MXNet runs in float32
only and whose boxes change places by rounding, ``verify parity`` judges the graph node by node.
Where the names are an image classifier's too, ``auto`` takes that one's table for a drawn file; its
outputs must be MXNet's then. An output that the graph itself casts to float32 is compared as
float32. The result is ``FOLDER/NAME.result.json``; names that have one, there or in
``scripts/records/store.json``, are left out, so a run that was stopped goes on. ``--record`` adds
the results of FOLDER to the record, and writes the table of ``docs/zoo-store.md`` from it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

import gluonport
from architectures.catalogue import table_of
from architectures.catalogue.packaged_graph import refused
from architectures.catalogue.stored_file import StoredFile, stored_files
from architectures.graph.graph_network import GraphNetwork
from gluonport.commands.console import Command
from mappings.errors import GluonportError
from scripts.check_graphs import LIMIT, SINGLE, apart, draw_inputs, judge
from scripts.records import read_record, write_record

WRITE = Path(__file__).with_name("write_zoo_files.py")
RECORD = Path(__file__).with_name("records") / "store.json"
PAGE = Path(__file__).parents[1] / "docs" / "zoo-store.md"
JUDGED = ("judged", "first_beyond")
"""What ``verify parity`` says of a graph."""


def asked_of(file: StoredFile) -> str:
    """What ``write_zoo_files.py`` calls the file's network."""
    if file.name.startswith("mxnet_"):
        return f"mxnet-{file.stored}"
    model = table_of(file.network)  # GluonCV calls some of them otherwise
    return model.source.name if model else file.network


def write(names: list[str], folder: Path) -> None:
    """Let MXNet write the files of networks and run them; one process for all of them."""
    command = ["uv", "run", "-q", "--script", str(WRITE), str(folder), *names, "--answers"]
    subprocess.run(command, capture_output=True)


def run(out: Path, name: str, shapes: dict[str, Any], double: bool) -> list[Any]:
    """The converted network's outputs for the drawn inputs."""
    inputs = draw_inputs(name, shapes)
    network = gluonport.load(out)
    if double:
        network.double()
    with torch.inference_mode():
        if isinstance(network, GraphNetwork):
            nodes = network.plan.graph.nodes
            given = [
                torch.from_numpy(inputs[nodes[taken.node].name]) for taken in network.plan.inputs
            ]
            network.wide = double
            outputs = network.run([x.double() if double else x for x in given], exact=True)
        else:
            (given_one,) = (torch.from_numpy(value) for value in inputs.values())
            outputs = network(given_one.double() if double else given_one)
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def check(file: StoredFile, folder: Path) -> dict[str, Any]:
    """Convert the written file twice and compare the outputs with MXNet's."""
    asked = asked_of(file)
    if (folder / f"{asked}.failed").exists():
        return {"error": "MXNet: " + (folder / f"{asked}.failed").read_text()}
    source = folder / f"{asked}.structural.params"
    by_name, by_auto = folder / "name.safetensors", folder / "auto.safetensors"
    found: dict[str, Any] = {}
    try:
        done = gluonport.convert(file.name, by_name, source, force=True)
        found["route"] = "graph" if done.model == "graph" else "table"
        answer = dict(np.load(folder / f"{asked}.answer.npz"))
        precision = str(answer.pop("precision"))
        said = str(answer.pop("said"))
        shapes = json.loads((folder / f"{asked}.json").read_text())["inputs"]
        double = precision == "float64"
        outputs = run(by_name, asked, shapes, double)
        theirs = tuple(answer[key][None] for key in sorted(answer, key=lambda k: int(k[6:])))
        found |= {"precision": precision, "said": said, "apart": apart(tuple(outputs), theirs)}
        found["dtypes"] = [output.dtype.name for output in theirs]
        if not near(found) and found["route"] == "graph":
            network = gluonport.load(by_name)
            assert isinstance(network, GraphNetwork)
            symbol, params = (
                folder / f"{asked}.export-{end}" for end in ("symbol.json", "0000.params")
            )
            cases = {key: value[None] for key, value in draw_inputs(asked, shapes).items()}
            found |= judge(asked, network, symbol, params, cases)
    except (GluonportError, ValueError, RuntimeError, KeyError, OSError) as error:
        return found | {"error": " ".join(str(error).split())[:400]}
    try:
        other = gluonport.convert("auto", by_auto, source, force=True)
        found["auto"] = "same"
        if other.target_sha256 != done.target_sha256:
            difference = max(apart(tuple(run(by_auto, asked, shapes, double)), theirs))
            right = difference <= (LIMIT if double else SINGLE)
            found["auto"] = f"{other.model}, {difference:.1e}" if right else "DIFFERENT"
    except (GluonportError, ValueError, RuntimeError) as error:
        found["auto"] = " ".join(str(error).split())[:300]
    return found


def line(name: str, found: dict[str, Any]) -> str:
    if "error" in found:
        return f"{name}: {found['error']}"
    judged = "".join(f" ({key}: {found[key]})" for key in JUDGED if key in found)
    return (
        f"{name}: {found['route']}, {found['precision']} {worst(found):.1e}{judged}, "
        f"auto {found['auto']}"
    )


def worst(found: dict[str, Any]) -> float:
    return max(found["apart"], default=float("nan"))


def passed(found: dict[str, Any]) -> bool:
    if "error" in found or found["auto"] == "DIFFERENT":
        return False
    return near(found) or "judged" in found


def near(found: dict[str, Any]) -> bool:
    """Whether the outputs are MXNet's but for rounding."""
    limits = [LIMIT if kind == "float64" else SINGLE for kind in found["dtypes"]]
    return all(off <= limit for off, limit in zip(found["apart"], limits, strict=True))


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """What the record keeps of a name's result."""
    if "error" in found:
        return {"error": found["error"]}
    off = "judged by its nodes" if "judged" in found else f"{worst(found):.1e}"
    return {key: found[key] for key in ("route", "precision", "auto")} | {"difference": off}


def table(results: Mapping[str, Any]) -> str:
    """All results as Markdown."""
    rows = ["| name | route | precision | difference | `convert auto` |", "|---|---|---|---:|---|"]
    for name, found in sorted(results.items()):
        keys = ("route", "precision", "difference", "auto")
        cells = ("-", "-", "-", found["error"]) if "error" in found else map(found.get, keys)
        rows.append(f"| {name} | {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def write_page(results: Mapping[str, Any], known: int) -> None:
    """Put the results into their page, whose own text stays."""
    text, _, _ = PAGE.read_text().partition("| name |")
    run = sum("error" not in found for found in results.values())
    said = f"{run} of the {known} names"
    PAGE.write_text(re.sub(r"\d+ of the \d+ names", said, text) + table(results))


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--again", is_flag=True, help="Check names that have a result too.")
@click.option("--batch", default=8, show_default=True, help="Networks that one MXNet handles.")
@click.option("--record", is_flag=True, help="Only add the results to the record.")
def main(folder: Path, names: tuple[str, ...], again: bool, batch: int, record: bool) -> None:
    """Check the stored NAMES, or all of them."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    known = {file.name: file for file in stored_files()}
    every = [
        name
        for name, file in known.items()
        if file.store.startswith(("gluoncv", "mxnet 1")) and file.network not in refused()
    ]
    measured = read_record(RECORD)
    if record:
        for path in folder.glob("*.result.json"):
            measured[path.name.removesuffix(".result.json")] = summary(json.loads(path.read_text()))
        write_record(RECORD, measured)
        write_page(measured, len(every))
        return
    wanted = [
        known[name]
        for name in names or every
        if again or not (name in measured or (folder / f"{name}.result.json").exists())
    ]
    failed = 0
    for begin in range(0, len(wanted), batch):
        files = wanted[begin : begin + batch]
        write(list(dict.fromkeys(map(asked_of, files))), folder)
        for file in files:
            found = check(file, folder)
            failed += not passed(found)
            (folder / f"{file.name}.result.json").write_text(json.dumps(found))
            click.echo(line(file.name, found))
            sys.stdout.flush()
        for file in files:
            for written in folder.glob(f"{asked_of(file)}.*"):
                if not written.name.endswith(".result.json"):
                    written.unlink()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
