"""A network of the zoo, proven on drawn parameters: by MXNet's packaged answers, or by MXNet."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from architectures.catalogue.graph_record import GraphRecord
from architectures.graph.graph import Graph
from convert.formats.symbol import parse_symbol, symbol_json
from verify.parity.graphs.graph_live import inputs_sha256, verify_live
from verify.parity.graphs.graph_parity import compare_graph
from verify.parity.result import Parity
from verify.reference.drawn_graph import DrawnGraph, draw
from verify.reference.graph_answers import GraphReference
from verify.reference.graph_goldens import graph_golden


def record_graph(record: GraphRecord) -> Graph:
    """The packaged graph of a network, for the number of classes of its published weights."""
    return parse_symbol(record.graph.symbol(), record.network)


def verify_record(record: GraphRecord, reference: str = "golden") -> Parity:
    """Judge the network of a packaged graph on drawn parameters.

    ``reference`` is ``golden`` or ``live``. Raises NoReferenceError if it is not available.
    """
    graph = record_graph(record)
    if reference == "golden":
        golden = graph_golden(record.network, graph)
        shapes = {name: tuple(sizes) for name, sizes in golden.about["inputs"].items()}
        found = verify_drawn(draw(record.name, graph, shapes), golden)
    else:
        drawn = draw(record.name, graph, record.inputs)
        with tempfile.TemporaryDirectory() as folder:
            symbol = Path(folder, "net-symbol.json")
            symbol.write_text(json.dumps(symbol_json(graph)))
            inputs = drawn.inputs(1)
            found = verify_live(record.name, drawn.network(), symbol, drawn.parameters, inputs)
    return replace(found, task=record.task, about={**found.about, "weights": "drawn"})


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
