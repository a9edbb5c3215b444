"""Drawn parameters of a graph: a function of (tensor name, shape, role).

They prove a graph, never a checkpoint. Uniform numbers from numpy's frozen legacy stream, the same
on every platform, are scaled so that activations stay of order 1. ``scripts/export_zoo.py`` states
the same rule for its own files, with the network's name in the seeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from math import prod, sqrt
from typing import Any

import numpy as np

from architectures.graph.attributes import shape as shape_attribute
from architectures.graph.graph import Graph

Array = np.ndarray[Any, np.dtype[Any]]
Role = tuple[str, Mapping[str, str]]
"""What a variable is to the first operator that takes it, and that operator's attributes."""

LAYERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("Convolution", "Convolution_v1", "FullyConnected"), ("data", "weight", "bias")
    ),
    "Deconvolution": ("data", "transposed weight", "bias"),
    "_contrib_DeformableConvolution": ("data", "offset", "weight", "bias"),
    "_contrib_ModulatedDeformableConvolution": ("data", "offset", "mask", "weight", "bias"),
    **dict.fromkeys(
        ("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm"),
        ("data", "gamma", "beta", "mean", "variance"),
    ),
    **dict.fromkeys(("LayerNorm", "InstanceNorm", "GroupNorm"), ("data", "gamma", "beta")),
    "LeakyReLU": ("data", "slope"),
    "RNN": ("data", "rnn", "state", "state"),
}
"""The inputs of operators that have parameters."""
SUMS = ("elemwise_add", "_Plus", "_plus", "broadcast_add", "add_n")
THROUGH = ("Concat", "Reshape", "_rnn_param_concat", "expand_dims", "Cast", "identity", "_copy")
FARTHEST = 4  # operators in THROUGH between a variable and the operator that it is for


def drawn_parameters(
    graph: Graph, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[tuple[str, Array]]:
    """The float32 values of every variable in ``shapes``, one after the other."""
    indices = {node.name: index for index, node in graph.variables}
    for name, shape in shapes.items():
        yield name, _drawn(name, shape, *_role(graph, indices[name]))


def drawn_parameter(graph: Graph, name: str, shape: tuple[int, ...]) -> Array:
    """The values of one variable."""
    return dict(drawn_parameters(graph, {name: shape}))[name]


def _role(graph: Graph, variable: int, depth: int = 0) -> Role:
    for user in graph.users[variable]:
        node = graph.nodes[user]
        known = LAYERS.get(node.op or "", ())
        for place, entry in enumerate(node.inputs):
            if entry.node == variable and place < len(known):
                takers = [graph.nodes[taker].op for taker in graph.users[user]]
                is_residual = bool(takers) and all(op in SUMS for op in takers)
                found = known[place]
                if found == "gamma" and is_residual:
                    found = "residual gamma"
                return found, node.attributes
        if node.op in THROUGH and depth < FARTHEST:
            return _role(graph, user, depth + 1)
    return "other", {}


def _drawn(name: str, shape: tuple[int, ...], role: str, attributes: Mapping[str, str]) -> Array:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    u: Array = np.random.RandomState(seed).random_sample(shape)
    match role:
        case "weight" | "transposed weight":
            summed: float = prod(shape[1:])
            if role == "transposed weight":
                strides = shape_attribute((1,)).parse(attributes.get("stride", "(1,)"))
                groups = int(attributes.get("num_group", "1"))
                summed = shape[0] * prod(shape[2:]) / prod(strides or (1,)) / groups
            values = (2.0 * u - 1.0) * sqrt(4.0 / max(summed, 1))
        case "bias":
            values = 0.4 * u - 0.2
        case "gamma":
            values = 0.5 + 0.5 * u
        case "residual gamma":
            values = 0.2 + 0.2 * u
        case "beta" | "mean":
            centred = 0.6 * (u - 0.5)
            values = centred + np.copysign(0.05, centred)
        case "variance":
            values = 0.6 + 0.6 * u
        case "slope":
            values = 0.1 + 0.3 * u
        case "rnn":
            values = (2.0 * u - 1.0) / sqrt(int(attributes["state_size"]))
        case _ if "anchor" in name and shape[-1:] and shape[-1] % 4 == 0:
            # Boxes: two corners, or a centre and a size, in pixels.
            values = 32.0 * u + np.resize([0.0, 0.0, 32.0, 32.0], shape[-1])
        case _ if "anchor" in name:
            values = 8.0 + 56.0 * u  # sizes of boxes in pixels
        case _ if "offset" in name:
            values = 8.0 * u  # places on a grid
        case _:
            values = 2.0 * u - 1.0
    return np.asarray(values, np.float32)
