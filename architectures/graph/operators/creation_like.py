"""Operators that make a tensor from the shape of another (MXNet src/operator/tensor/init_op.cc)."""

from __future__ import annotations

import math

from architectures.graph.attributes import integer, number
from architectures.graph.expression import Apply, DType, Expression
from architectures.graph.infer import axis_of, same
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.creation import dtype


def arange_like(call: Call) -> Expression:
    """As many numbers as an axis of the input is long; without an axis, in the input's shape. For
    integers MXNet truncates where they start, and their step."""
    start, step = call["start"], call["step"]
    if call.integral:
        start, step = math.trunc(start), math.trunc(step)
    kwargs = {
        name: value
        for name, value in (
            ("axis", call["axis"]),
            ("start", start or None),
            ("step", None if step == 1 else step),
            ("repeat", None if call["repeat"] == 1 else call["repeat"]),
        )
        if value is not None
    }
    return Apply("arange_like", call.inputs, kwargs)


def arange_like_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if call["axis"] is None:
        return (data,)
    return ((None if data is None else data[axis_of(call["axis"], len(data))],),)


def shape_array(call: Call) -> Expression:
    """The input's shape as an int64 vector."""
    return Apply("shape_array", call.inputs)


def shape_array_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((call.rank(),),)


def size_array(call: Call) -> Expression:
    """How many elements the input has, as an int64 vector of one."""
    return Apply("size_array", call.inputs)


def size_array_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((1,),)


def full_like(call: Call) -> Expression:
    kwargs = {} if call["dtype"] is None else {"dtype": DType(call["dtype"])}
    return Apply("torch.full_like", (call.input(0), call["fill_value"]), kwargs)


INIT = "src/operator/tensor/init_op.cc"

OPERATORS = (
    Operator(
        ("_contrib_arange_like", "_npx_arange_like"),
        INIT,
        arange_like,
        arange_like_shape,
        {
            "start": number(0.0),
            "step": number(1.0),
            "repeat": integer(1),
            "axis": integer(None),
        },
        inputs=("data",),
        ignored=("ctx",),
    ),
    Operator(
        ("shape_array", "_npx_shape_array"),
        "src/operator/tensor/elemwise_unary_op_basic.cc",
        shape_array,
        shape_array_shape,
        inputs=("data",),
        integral=lambda call: True,
    ),
    Operator(
        ("size_array",),
        "src/operator/tensor/elemwise_unary_op_basic.cc",
        size_array,
        size_array_shape,
        inputs=("data",),
        integral=lambda call: True,
    ),
    Operator(
        ("_npi_full_like",),
        INIT,
        full_like,
        same,
        {"fill_value": number(), "dtype": dtype(None)},
        inputs=("a",),
        ignored=("ctx",),
    ),
)
