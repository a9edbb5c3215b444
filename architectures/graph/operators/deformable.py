"""Convolutions that read at learnt places (MXNet src/operator/contrib)."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import Attribute, choice, flag, integer, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.convolution import convolution_shape
from architectures.graph.operators.windows import axes


def deformable(call: Call) -> Expression:
    """Offsets are in pixels, rows before columns, for every tap; v2 has a mask, too."""
    count = 4 if masked(call) else 3
    if len(call["kernel"]) != 2:
        raise call.refuse(f"the kernel {call['kernel']} is not two-dimensional")
    mask, weight = (call.input(2) if masked(call) else None), call.input(count - 1)
    bias = None if call["no_bias"] else call.input(count)
    windows = axes(call, "stride", 1), axes(call, "pad", 0), axes(call, "dilate", 1)
    groups = call["num_group"], call["num_deformable_group"]
    tensors = call.input(0), call.input(1), mask, weight, bias
    return Apply("deformable_convolution", (*tensors, *windows, *groups))


def masked(call: Call) -> bool:
    return "odulated" in (call.node.op or "")


def deformable_weights(call: Call) -> Mapping[int, Dims]:
    data, place = call.shapes[0], 3 if masked(call) else 2
    inputs = None if data is None or data[1] is None else data[1] // call["num_group"]
    return {place: (call["num_filter"], inputs, *call["kernel"]), place + 1: (call["num_filter"],)}


COMMON: Mapping[str, Attribute] = {
    "kernel": shape(),
    "num_filter": integer(),
    "stride": shape(()),
    "dilate": shape(()),
    "pad": shape(()),
    "num_group": integer(1),
    "num_deformable_group": integer(1),
    "no_bias": flag(False),
    "layout": choice("NCHW", default=None),
}

OPERATORS = (
    Operator(
        ("_contrib_DeformableConvolution", "_npx_deformable_convolution"),
        "src/operator/contrib/deformable_convolution.cc",
        deformable,
        convolution_shape,
        COMMON,
        ignored=("workspace",),
        inputs=("data", "offset", "weight", "bias"),
        weights=deformable_weights,
    ),
    Operator(
        ("_contrib_ModulatedDeformableConvolution", "_npx_modulated_deformable_convolution"),
        "src/operator/contrib/modulated_deformable_convolution.cc",
        deformable,
        convolution_shape,
        COMMON,
        ignored=("workspace", "im2col_step"),
        inputs=("data", "offset", "mask", "weight", "bias"),
        weights=deformable_weights,
    ),
)
