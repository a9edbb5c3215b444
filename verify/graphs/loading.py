"""A checkpoint that came from a graph as a PyTorch network."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.filled import filled
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operator import Dims
from architectures.networks.load import read_safetensors
from convert.formats.graph_checkpoint import GraphCheckpoint


def load_graph(source: GraphCheckpoint, given: Mapping[str, Dims] | None = None) -> GraphNetwork:
    """The network of a checkpoint that came from a graph; ``given`` are shapes of its inputs.

    Raises GraphError for a graph that cannot become a network.
    """
    plan = source.plan(given)
    tensors = read_safetensors(source.checkpoint.path)
    return filled(plan, {name: tensors[t.name] for name, t in source.by_name(plan).items()})
