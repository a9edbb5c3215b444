"""The verdict on a checkpoint that came from a graph, on one of two legs.

- ``live``: MXNet runs the very graph with the very parameters. The verdict stands on the network.
- ``golden``: where MXNet cannot be had, the values are compared, and each operator of the graph is
  held against what MXNet computed for it, packaged. The verdict stands on the operators.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from architectures.networks.environment import environment
from convert.formats.model_archive import open_file
from verify.parity.graphs.converted_graph import ConvertedGraph
from verify.parity.graphs.graph_live import verify_live
from verify.parity.graphs.graph_operators import graph_operators
from verify.parity.graphs.graph_values import graph_values
from verify.parity.result import Parity
from verify.reference.graph_inputs import graph_inputs, input_shapes


def verify_graph(
    converted: ConvertedGraph, reference: str, given: Mapping[str, tuple[int, ...]]
) -> Parity:
    """Judge a checkpoint; ``given`` are shapes of inputs by name.

    Raises GraphError for an input whose shape is not known, NoReferenceError if MXNet gives no
    answer.
    """
    values, finding = graph_values(converted)
    path = str(converted.checkpoint.checkpoint.path)
    if reference == "golden":
        operators = graph_operators(converted.plan)
        return Parity(
            "graph",
            "golden",
            0,
            (values, operators),
            finding,
            checkpoint=path,
            environment=environment(),
            leg="operators",
        )
    shapes = input_shapes(converted.plan, given)
    arrays = converted.arrays()
    inputs = graph_inputs(converted.plan, shapes, arrays)
    with tempfile.TemporaryDirectory() as folder:
        params, symbol = converted.source.path, Path(folder, "model-symbol.json")
        if converted.packaged is not None:
            symbol.write_bytes(converted.packaged)
        elif converted.symbol is not None and converted.symbol.is_file():
            symbol = converted.symbol
        else:  # it stands in an archive
            file = open_file(str(converted.symbol))
            symbol.write_bytes(file.read(0, file.size))
        is_read_by_mxnet = converted.source.format == "params-v2" and not converted.is_renamed
        if converted.is_rounded or not is_read_by_mxnet or not params.is_file():
            params = Path(folder, "params.npz")
            named: dict[str, Any] = dict(arrays)
            np.savez(params, **named)
        network = converted.network()
        parity = verify_live("graph", network, symbol, params, inputs)
    return replace(
        parity,
        criteria=(values, *parity.criteria),
        finding=finding or parity.finding,
        checkpoint=path,
    )
