"""Put every fault of graphs into right ports and print what the judge says, as Markdown.

uv run scripts/graph_fault_table.py > docs/graph-faults.md
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from convert.formats.symbol import symbol_json
from gluonport.commands.console import Command, Failure
from tests.faults.graph_faults import GRAPH_FAULTS, GraphFault, port
from tests.faults.graphs import GRAPHS, RightGraph
from verify.parity.graphs.graph_live import inputs_sha256
from verify.parity.graphs.graph_parity import compare_graph
from verify.parity.result import Parity
from verify.reference.graph_answers import GraphReference, live_graph, operators

INTRODUCTION = """\
# Faults of graphs that the verifier must catch

    uv run scripts/graph_fault_table.py

Each row is a right port of a small graph with one mistake in it, judged as `verify parity graph
--reference live` judges it: MXNet runs the right graph. The first row of a graph is the right port.
*float64* is the largest difference between an output and MXNet's, where there is one of the same
shape. *Caught by* lists the criteria that fail. *Put* is the node with the mistake, *found* the
node that the verdict names.
"""


def answered(right: RightGraph) -> GraphReference:
    """MXNet's answers, with the whole output of every node."""
    with TemporaryDirectory() as folder:
        symbol, params = Path(folder, "net-symbol.json"), Path(folder, "net.npz")
        symbol.write_text(json.dumps(symbol_json(right.graph)))
        np.savez(params, **dict(right.tensors))  # type: ignore[arg-type]
        return live_graph(right.graph, symbol, params, right.inputs, operators(right.graph))


def judge(right: RightGraph, source: GraphReference, fault: GraphFault | None) -> Parity:
    """The verdict on a port with a fault."""
    sha256 = inputs_sha256(right.inputs)
    network = port(right, fault)
    return compare_graph(right.name, network, source, right.inputs, sha256, lambda _: source)


def row(name: str, parity: Parity, put: str) -> str:
    """One line of a table."""
    failed = ", ".join(c.name for c in parity.criteria if not c.passed) or "-"
    structure = parity.criterion("structure")
    figure = structure.figure if structure else None
    difference = "-" if figure is None else f"{figure:.1e}"
    found = parity.finding.block if parity.finding else "-"
    return f"| {name} | {difference} | {failed} | {put} | {found} |"


@click.command(cls=Command)
def main() -> None:
    """Print a table for each graph."""
    click.echo(INTRODUCTION)
    wrong = []
    for name, make in GRAPHS.items():
        right = make()
        source = answered(right)
        faults = [fault for fault in GRAPH_FAULTS if fault.on == name]
        click.echo(f"## {name}, {len(faults)} faults\n")
        click.echo("| fault | float64 | caught by | put | found |\n|---|---|---|---|---|")
        none = judge(right, source, None)
        click.echo(row("none", none, "-"))
        if not none.passed:
            wrong.append(f"{name}: none")
        for fault in track(faults, name, console=Console(stderr=True)):
            parity = judge(right, source, fault)
            click.echo(row(fault.name, parity, fault.node))
            if parity.finding is None or parity.finding.block != fault.node:
                wrong.append(f"{name}: {fault.name}")
        click.echo("")
    click.echo(f"All {len(GRAPH_FAULTS)} faults are caught, each at its node.")
    if wrong:
        raise Failure(f"judged wrongly: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
