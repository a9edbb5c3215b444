"""A network of the zoo, proven on drawn parameters against MXNet's packaged answers."""

from __future__ import annotations

from verify.parity.graphs.graph_live import inputs_sha256
from verify.parity.graphs.graph_parity import compare_graph
from verify.parity.result import Parity
from verify.reference.drawn_graph import DrawnGraph
from verify.reference.graph_answers import GraphReference


def verify_drawn(drawn: DrawnGraph, golden: GraphReference) -> Parity:
    """Judge a network with drawn parameters by its golden, which needs no MXNet."""
    inputs = drawn.inputs(golden.about["cases"])
    return compare_graph(
        drawn.name,
        drawn.network(),
        golden,
        inputs,
        inputs_sha256(inputs),
        weights_sha256=drawn.sha256(),
    )
