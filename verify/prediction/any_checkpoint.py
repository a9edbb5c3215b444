"""Any converted checkpoint as a PyTorch network."""

from __future__ import annotations

import os
from pathlib import Path

from torch import nn

from architectures.networks.load import create
from convert.formats.graph_checkpoint import is_graph_checkpoint, open_graph_checkpoint
from verify.graphs.loading import load_graph
from verify.prediction.recognise import recognise


def load_network(path: str | os.PathLike[str]) -> nn.Module:
    """The network of a converted checkpoint with its weights, in evaluation mode.

    Raises FormatError for a file that is of no model of the catalogue and has no graph in the
    provenance beside it, and GraphError for a graph that cannot become a network.
    """
    if is_graph_checkpoint(path):
        return load_graph(open_graph_checkpoint(path))
    return create(recognise(Path(path)), path)
