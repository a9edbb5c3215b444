"""The drawn parameters of a packaged graph, as a checkpoint to convert."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from architectures.catalogue.graph_record import GraphRecord
from architectures.graph.drawn_parameters import drawn_parameter
from convert.formats import Checkpoint, Tensor
from convert.formats.symbol import parse_symbol


def packaged_synthetic(record: GraphRecord) -> Checkpoint:
    """The drawn parameters of the network under Gluon's structural names, float32, for the number
    of classes of the published weights: those that its golden was made of. What the graph does not
    need has none."""
    packaged = record.graph
    graph = parse_symbol(packaged.symbol(), Path(f"{record.name}-symbol.json"))
    needed = {node.name for _, node in graph.variables}
    tensors = [
        Tensor(
            tensor.structural,
            tensor.shape,
            "float32",
            "dense",
            0,
            partial(drawn_parameter, graph, tensor.own, tensor.shape),
        )
        for tensor in packaged.tensors()
        if tensor.own in needed
    ]
    return Checkpoint(Path("synthetic"), "synthetic", True, tuple(tensors))
