"""The judge of graphs: it catches every porting fault, and names the node where it was put."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from architectures.graph.graph import Graph
from convert.formats.symbol import parse_symbol, symbol_json
from tests.faults.graph_faults import GRAPH_FAULTS, GraphFault, port
from tests.faults.graphs import GRAPHS, RightGraph
from verify.parity.graphs.graph_live import inputs_sha256
from verify.parity.graphs.graph_parity import compare_graph
from verify.parity.result import Parity
from verify.reference.graph_answers import GraphReference, live_graph, operators

CAUGHT_BY = {  # all others by structure and layers, whatever else fails
    "ties in another order": {"structure", "layers"},
}


@cache
def answered(name: str) -> tuple[RightGraph, GraphReference]:
    """A right graph, and MXNet's answers with the whole output of every node."""
    right = GRAPHS[name]()
    with TemporaryDirectory() as folder:
        symbol, params = Path(folder, "net-symbol.json"), Path(folder, "net.npz")
        symbol.write_text(json.dumps(symbol_json(right.graph)))
        np.savez(params, **right.tensors)
        everything = operators(right.graph)
        return right, live_graph(right.graph, symbol, params, right.inputs, everything)


def judge(name: str, fault: GraphFault | None) -> Parity:
    right, reference = answered(name)
    network = port(right, fault)
    sha256 = inputs_sha256(right.inputs)
    return compare_graph(name, network, reference, right.inputs, sha256, lambda _: reference)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_right_port_passes(name: str) -> None:
    parity = judge(name, None)
    assert parity.passed, parity.failure()
    assert parity.leg == "network"


@pytest.mark.parametrize("fault", GRAPH_FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_caught_at_its_node(fault: GraphFault) -> None:
    parity = judge(fault.on, fault)
    failed = {criterion.name for criterion in parity.criteria if not criterion.passed}
    assert failed >= CAUGHT_BY.get(fault.name, {"structure", "layers"}), parity.criteria
    assert parity.finding is not None
    assert (parity.finding.block, parity.finding.here) == (fault.found_at, True)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graphs_are_what_the_reader_reads(name: str) -> None:
    graph: Graph = GRAPHS[name]().graph
    assert parse_symbol(json.dumps(symbol_json(graph)), "net") == graph


def test_the_page_has_every_fault_and_where_it_is_found() -> None:
    page = Path("docs", "graph-faults.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    found = {name: (put, place) for name, _, _, put, place in rows if put not in ("put", "-")}
    assert found == {fault.name: (fault.node, fault.found_at) for fault in GRAPH_FAULTS}
