"""The shapes of a network's inputs, as far as the graph and its parameters tell them."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import shape as shape_attribute
from architectures.graph.graph import Graph, Node
from architectures.graph.operator import Dims

KEEPING = frozenset(
    "Activation BatchNorm BatchNorm_v1 LeakyReLU Dropout Cast BlockGrad identity _copy clip relu "
    "_mul_scalar _plus_scalar _minus_scalar _div_scalar _rminus_scalar broadcast_sub broadcast_mul "
    "broadcast_div broadcast_add elemwise_sub elemwise_mul Pooling Pooling_v1 Pad pad sigmoid "
    "L2Normalization InstanceNorm _contrib_SyncBatchNorm LRN".split()
)
"""Operators whose output has the rank and the channels of their first input."""
NEAR = 100
"""Nodes that are searched for that convolution, from each variable whose shape is unknown."""


def input_shape(
    graph: Graph,
    variable: int,
    stored: Mapping[str, tuple[int, ...]],
    given: Mapping[str, Dims],
) -> Dims | None:
    """The shape of an input: given by the user, annotated in the graph, or read off the parameters
    of the first convolution that it reaches. None if its rank is unknown."""
    node = graph.nodes[variable]
    if node.name in given:
        return given[node.name]
    return annotated(node) or _by_users(graph, variable, stored)


def annotated(node: Node) -> Dims | None:
    """The ``__shape__`` of a variable; 0 (and -1, in numpy mode) stands for an unknown size."""
    text = node.attributes.get("__shape__")
    if text is None:
        return None
    try:
        sizes = shape_attribute(()).parse(text.strip())
    except ValueError:
        return None
    return tuple(size if size > 0 else None for size in sizes) or None


def _by_users(graph: Graph, variable: int, stored: Mapping[str, tuple[int, ...]]) -> Dims | None:
    seen, front = {variable}, [variable]
    while front:
        index = front.pop(0)
        for user in graph.users[index]:
            node = graph.nodes[user]
            first, *others = node.inputs
            if first.node == index and others and node.op in ("Convolution", "Convolution_v1"):
                weight = stored.get(graph.nodes[others[0].node].name)
                if weight is not None and len(weight) > 2:
                    return _data_of(node, weight)
            if node.op in KEEPING and user not in seen and len(seen) < NEAR:
                seen.add(user)
                front.append(user)
    return None


def _data_of(node: Node, weight: tuple[int, ...]) -> Dims:
    """The data of a convolution with this weight: (N, C, ...), or (N, ..., C) in NHWC."""
    layout = node.attributes.get("layout", "None").strip()
    spatial: Dims = (None,) * (len(weight) - 2)
    groups = node.attributes.get("num_group", "1").strip()
    count = int(groups) if groups.isdecimal() and len(groups) < 10 else 1
    if layout.endswith("C"):
        return (None, *spatial, weight[-1] * count)
    return (None, weight[1] * count, *spatial)
