"""Reductions of MXNet's numpy mode (MXNet src/operator/numpy/np_broadcast_reduce_op_value.cc)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import Attribute, choice, flag, integer, number, shape
from architectures.graph.expression import Apply, DType, Expression
from architectures.graph.operator import Call, Limit, Operator, of_dtype_or_first
from architectures.graph.operators.reduction import (
    FLOATS,
    NUMPY,
    Axes,
    Reduce,
    one_by_one,
    over,
    reduced_shape,
    reduction,
)

AXES: Mapping[str, Attribute] = {"axis": shape(None), "keepdims": flag(False)}
DTYPE: Mapping[str, Attribute] = {"dtype": choice(*FLOATS, default=None)}
INITIAL: Mapping[str, Attribute] = {"initial": number(None)}

QUOTIENT = Limit(2.4e-7, "MXNet divides float32 numbers by the count", {"dtype": "float32"})


def reducing(
    names: tuple[str, ...],
    reduce: Reduce,
    of_integers: Reduce | None = None,
    dtype: bool = True,
    limit: Limit | None = None,
) -> Operator:
    """``of_integers``: what it is for integers, if that differs: floating point then. ``dtype``:
    whether the operator has an attribute that fixes the dtype of the result."""

    def becomes(call: Call) -> Expression:
        if call["initial"] is not None:
            raise call.refuse("'initial' is not supported; MXNet does not support it either")
        result = reduction(call, of_integers if call.integral and of_integers else reduce)
        if call.attributes.get("dtype") is not None:
            return Apply(".to", (result, DType(call["dtype"])))
        return result

    attributes = {**AXES, **(DTYPE if dtype else {}), **INITIAL}
    return Operator(
        names,
        NUMPY,
        becomes,
        reduced_shape,
        attributes,
        inputs=("a",),
        integral=of_dtype_or_first if of_integers is None else lambda call: False,
        limit=limit,
    )


def spread(function: str) -> Operator:
    """The variance or the standard deviation; ``ddof`` is subtracted from the count."""

    def becomes(call: Call) -> Expression:
        if call.integral:
            raise call.refuse("integers are not supported")

        def reduce(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
            if axes == ():
                return Apply("torch.zeros_like", (x,))
            extra = {"correction": call["ddof"], **keep}
            return Apply(f"torch.{function}", (x,) if axes is None else (x, axes), extra)

        result = reduction(call, reduce)
        if call["dtype"] is not None:
            return Apply(".to", (result, DType(call["dtype"])))
        return result

    attributes = {**AXES, **DTYPE, "ddof": integer(0)}
    return Operator(
        (f"_npi_{function}",),
        "src/operator/numpy/np_moments_op.cc",
        becomes,
        reduced_shape,
        attributes,
        inputs=("a",),
    )


def of_truth(names: tuple[str, ...], function: str) -> Operator:
    """Whether any or all elements differ from 0."""

    def becomes(call: Call) -> Expression:
        def reduce(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
            return over(function)(Apply("!=", (x, 0)), axes, keep)

        return reduction(call, reduce)

    return Operator(
        names,
        "src/operator/numpy/np_broadcast_reduce_op_boolean.cc",
        becomes,
        reduced_shape,
        AXES,
        inputs=("data",),
        integral=lambda call: True,
    )


OPERATORS = (
    reducing(("_np_sum",), over("torch.sum")),
    reducing(
        ("_npi_mean",),
        over("torch.mean"),
        of_integers=over("mean_of_integers"),
        limit=QUOTIENT,
    ),
    reducing(("_np_prod", "_np_product"), one_by_one("torch.prod")),
    reducing(("_np_max", "_np_amax"), over("torch.amax"), dtype=False),
    reducing(("_np_min", "_np_amin"), over("torch.amin"), dtype=False),
    spread("var"),
    spread("std"),
    of_truth(("_np_any", "_np_sometrue"), "torch.any"),
    of_truth(("_np_all",), "torch.all"),
)
