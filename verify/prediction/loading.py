"""Any converted checkpoint as a PyTorch network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from architectures.graph.filled import filled
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operator import Dims
from architectures.networks.load import create, read_safetensors
from convert.formats.graph_checkpoint import (
    GraphCheckpoint,
    is_graph_checkpoint,
    open_graph_checkpoint,
)
from verify.prediction.recognise import recognise


def load_network(path: str | os.PathLike[str]) -> nn.Module:
    """The network of a converted checkpoint with its weights, in evaluation mode.

    Raises FormatError for a file that is of no model of the catalogue and has no graph in the
    provenance beside it, and GraphError for a graph that cannot become a network.
    """
    if is_graph_checkpoint(path):
        return load_graph(open_graph_checkpoint(path))
    return create(recognise(Path(path)), path)


def load_graph(source: GraphCheckpoint, given: Mapping[str, Dims] | None = None) -> GraphNetwork:
    """The network of a checkpoint that came from a graph; ``given`` are shapes of its inputs."""
    plan = source.plan(given)
    tensors = read_safetensors(source.checkpoint.path)
    return filled(plan, {name: tensors[t.name] for name, t in source.by_name(plan).items()})
