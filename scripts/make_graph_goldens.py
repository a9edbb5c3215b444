"""Make the packaged goldens of the zoo's graphs: what MXNet computes from drawn parameters.

    uv run scripts/make_graph_goldens.py [--again] [NAME...]

Networks that have a golden of their present graph are left out, so a run that was broken off goes
on. One MXNet process, with one thread, answers for all of them. A network is given two inputs, or
one if it takes more than 300 million multiplications. One that fails does not stop the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from math import prod
from pathlib import Path
from typing import Any

import click
import numpy as np

from architectures import GraphRecord, find_network
from architectures.catalogue import every_network
from architectures.graph.plan import Plan
from convert.formats.symbol import symbol_json
from gluonport.commands.console import Command, Failure
from mappings.errors import GluonportError, NoReferenceError
from verify.parity.graphs.graph_packaged import record_graph
from verify.parity.graphs.graph_shared import judged_in_float32
from verify.reference.drawn_graph import DrawnGraph, draw
from verify.reference.graph_answers import MXNET, read_graph_answer
from verify.reference.graph_goldens import SAMPLE, golden_path, graph_golden, packed

FEW = 3e8  # multiplications of a network that is given two inputs


class Server:
    """MXNet, which answers one question after the other; it is started when it is needed."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def ask(self, *arguments: str) -> None:
        """Run the reference script. Raises NoReferenceError with what it says."""
        process = self.process = self.process or self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("error: "):
                raise NoReferenceError(line.removeprefix("error: ").strip())
            if line == "done\n":
                return
        self.process = None
        raise NoReferenceError(f"MXNet ended without an answer, with status {process.wait()}")

    @staticmethod
    def _started() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*MXNET.command(), "--serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.communicate()


def multiplications(plan: Plan) -> float:
    """How many convolutions and dense layers take, as far as shapes are known."""
    total = 0.0
    for own in plan.modules:
        weight = own.tensors.get("weight")
        outputs = plan.shapes.get(own.node, ())
        if weight is None or not outputs or outputs[0] is None or None in outputs[0]:
            continue
        index = next(i for i, node in plan.graph.variables if node.name == weight)
        shape = plan.shapes.get(index, (None,))[0] or ()
        total += prod(size or 0 for size in outputs[0]) * prod(size or 0 for size in shape[1:])
    return total


def make(drawn: DrawnGraph, server: Server, path: Path) -> None:
    """Ask MXNet and write the golden, whole or not at all."""
    inputs = drawn.inputs(2 if multiplications(drawn.plan) < FEW else 1)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        symbol, params, given, answer = (
            folder / name for name in ("net.json", "params.npz", "inputs.npz", "answer.npz")
        )
        symbol.write_text(json.dumps(symbol_json(drawn.graph)))
        arrays: dict[str, Any] = dict(drawn.parameters)
        np.savez(params, **arrays)
        named: dict[str, Any] = dict(inputs)
        np.savez(given, **named)
        server.ask(*map(str, (symbol, params, given, answer)), "--sample", str(SAMPLE))
        found = read_graph_answer(answer, drawn.graph, "live")
    if found.about["weights_sha256"] != drawn.sha256():
        raise NoReferenceError("MXNet was not given exactly the drawn parameters")
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        out: dict[str, Any] = packed(found, drawn.graph, inputs, judged_in_float32(drawn.plan))
        np.savez_compressed(file, **out)
    os.replace(partial, path)


def records(names: tuple[str, ...]) -> list[GraphRecord]:
    """The networks of these names that have a packaged graph, or all of them."""
    found = map(find_network, names) if names else every_network()
    return [network for network in found if isinstance(network, GraphRecord)]


def is_made(name: str, path: Path, drawn: DrawnGraph) -> bool:
    """Whether there is a golden of this very graph."""
    try:
        graph_golden(name, drawn.graph, path)
    except NoReferenceError:
        return False
    return True


def make_all(found: list[GraphRecord], again: bool) -> list[str]:
    """Make the goldens of these networks. Returns the names of those that failed."""
    failed = []
    with Server() as server:
        for record in found:
            started = time.perf_counter()
            name = record.network
            path = golden_path(name)
            try:
                drawn = draw(name, record_graph(record), record.inputs)
                if not again and is_made(name, path, drawn):
                    continue
                make(drawn, server, path)
            except GluonportError as error:
                failed.append(name)
                click.echo(f"{name}: {error}", err=True)
                continue
            seconds = time.perf_counter() - started
            click.echo(f"{name}: {path.stat().st_size} bytes, {seconds:.1f} s")
    return failed


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--again", is_flag=True, help="Make those again that are there.")
def main(names: tuple[str, ...], again: bool) -> None:
    """Make the goldens of the graph networks NAMES, or of all of them."""
    if failed := make_all(records(names), again):
        raise Failure(f"no golden of {', '.join(failed)}")


if __name__ == "__main__":
    main()
