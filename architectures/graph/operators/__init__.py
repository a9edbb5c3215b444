"""Every supported operator of MXNet, one small function each, grouped as MXNet groups them."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.operator import Operator
from architectures.graph.operators import (
    binary,
    boxes,
    convolution,
    creation,
    creation_like,
    deformable,
    indexing,
    joining,
    linear,
    linear_algebra,
    norms,
    numpy_reduction,
    numpy_shaping,
    ordering,
    passing,
    pooling,
    products,
    rearranging,
    rectifiers,
    recurrent,
    reduction,
    regions,
    resampling,
    scalar,
    scaling,
    sequence,
    shaping,
    slicing,
    softmaxes,
    spatial,
    transformer,
    unary,
)

GROUPS = {
    "binary": binary.OPERATORS,
    "boxes": boxes.OPERATORS,
    "convolution": convolution.OPERATORS,
    "creation": creation.OPERATORS,
    "creation_like": creation_like.OPERATORS,
    "deformable": deformable.OPERATORS,
    "indexing": indexing.OPERATORS,
    "joining": joining.OPERATORS,
    "linear": linear.OPERATORS,
    "linear_algebra": linear_algebra.OPERATORS,
    "norms": norms.OPERATORS,
    "numpy_reduction": numpy_reduction.OPERATORS,
    "numpy_shaping": numpy_shaping.OPERATORS,
    "ordering": ordering.OPERATORS,
    "passing": passing.OPERATORS,
    "pooling": pooling.OPERATORS,
    "products": products.OPERATORS,
    "rearranging": rearranging.OPERATORS,
    "rectifiers": rectifiers.OPERATORS,
    "recurrent": recurrent.OPERATORS,
    "reduction": reduction.OPERATORS,
    "regions": regions.OPERATORS,
    "resampling": resampling.OPERATORS,
    "scalar": scalar.OPERATORS,
    "scaling": scaling.OPERATORS,
    "sequence": sequence.OPERATORS,
    "shaping": shaping.OPERATORS,
    "slicing": slicing.OPERATORS,
    "softmaxes": softmaxes.OPERATORS,
    "spatial": spatial.OPERATORS,
    "transformer": transformer.OPERATORS,
    "unary": unary.OPERATORS,
}

OPERATORS: Mapping[str, Operator] = {
    name: operator for group in GROUPS.values() for operator in group for name in operator.names
}
"""Every operator by each of its names."""
