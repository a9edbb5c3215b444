"""Every supported operator of MXNet, one small function each, grouped as MXNet groups them."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.operator import Operator
from architectures.graph.operators import (
    convolution,
    creation,
    joining,
    linear,
    shaping,
    slicing,
    unary,
)

GROUPS = {
    "convolution": convolution.OPERATORS,
    "creation": creation.OPERATORS,
    "joining": joining.OPERATORS,
    "linear": linear.OPERATORS,
    "shaping": shaping.OPERATORS,
    "slicing": slicing.OPERATORS,
    "unary": unary.OPERATORS,
}

OPERATORS: Mapping[str, Operator] = {
    name: operator for group in GROUPS.values() for operator in group for name in operator.names
}
"""Every operator by each of its names."""
