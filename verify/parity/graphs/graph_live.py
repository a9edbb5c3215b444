"""A graph and its parameters, proven against MXNet running that very graph."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from architectures.graph.graph_network import GraphNetwork
from convert.formats import Array
from verify.parity.graphs.graph_parity import compare_graph
from verify.parity.result import Parity
from verify.reference.graph_answers import GraphReference, live_graph


def verify_live(
    name: str,
    network: GraphNetwork,
    symbol: str | os.PathLike[str],
    params: str | os.PathLike[str] | Mapping[str, Array],
    inputs: Mapping[str, Array],
) -> Parity:
    """Judge a network against MXNet running the graph in the file ``symbol``.

    ``params``: the file that MXNet reads, or arrays by the graph's names. ``inputs``: (N, ...) by
    the graph's names. Raises NoReferenceError if MXNet gives no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(params, Mapping):
            arrays: dict[str, Any] = dict(params)
            params = Path(folder, "params.npz")
            np.savez(params, **arrays)
        file = params

        def ask(nodes: Collection[int]) -> GraphReference:
            return live_graph(network.plan.graph, symbol, file, inputs, nodes)

        return compare_graph(name, network, ask(()), inputs, inputs_sha256(inputs), ask)


def inputs_sha256(inputs: Mapping[str, Array]) -> str:
    """One hash of all inputs, as the reference script makes it."""
    digest = hashlib.sha256()
    for name, array in sorted(inputs.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()
