"""Does a graph compute what the networks of the catalogue compute with the same parameters?

Names and shapes do not show it. Batch normalisation is where people's graphs depart: MXNet's
defaults are other than Gluon's, and they are in no file of parameters.
"""

from __future__ import annotations

import numpy as np

from architectures.graph.graph import Graph
from architectures.graph.operators import OPERATORS
from convert.formats import Checkpoint
from convert.formats.graph_checkpoint import variable_name

EPS = 1e-5
"""Of every BatchNorm in the networks of the catalogue, as in Gluon."""
NORM = OPERATORS["BatchNorm"]


def disagreement(graph: Graph, checkpoint: Checkpoint) -> str | None:
    """What the graph's BatchNorms do otherwise than the catalogue's, None if nothing.

    Raises GraphError for an attribute that cannot be read.
    """
    tensors = {variable_name(tensor.name): tensor for tensor in checkpoint.tensors}
    for node in graph.nodes:
        if node.op not in NORM.names:
            continue
        attributes = NORM.parse(node)
        if not np.isclose(attributes["eps"], EPS, rtol=1e-6, atol=0):
            return f"node {node.name!r} has eps {attributes['eps']:g}, and the model has {EPS:g}"
        gamma = tensors.get(graph.nodes[node.inputs[1].node].name)
        if attributes["fix_gamma"] and gamma is not None and not (gamma.copy() == 1).all():
            return f"node {node.name!r} counts its gamma as 1 (fix_gamma), and the model does not"
    return None
