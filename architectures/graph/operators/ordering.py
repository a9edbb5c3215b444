"""Operators that order elements (MXNet src/operator/tensor/ordering_op.cc).

Among equal elements MXNet's order on a CPU is that of the C++ library's unstable sorts; the proof
models it. The network that a user runs orders equal elements by their position, as MXNet does on a
GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import choice, flag, integer, or_none
from architectures.graph.expression import Apply, DType, Expression, Item
from architectures.graph.infer import axis_of, product
from architectures.graph.operator import Call, Dims, Operator, is_integral

INDEX_DTYPES = ("float16", "float32", "float64", "int32", "int64", "uint8")


def axis_or_flat(call: Call) -> tuple[Expression, int]:
    """The input and the axis to order; without an axis, the flat input."""
    if call["axis"] is None:
        return Apply(".flatten", (call.input(0),)), 0
    return call.input(0), call["axis"]


def topk(call: Call) -> Expression | tuple[Expression, ...]:
    """The k largest elements in order, or the smallest: their values, positions, or a mask."""
    if call["ret_typ"] == "mask":
        if call["k"] < 1:
            return Apply("torch.ones_like", (call.input(0),))
        where = (call["k"], call["axis"], not call["is_ascend"])
        return Apply("topk_mask", (call.input(0), *where), exact="topk_mask_of_mxnet")
    if call["ret_typ"] == "value":
        return _values(call)
    if call["ret_typ"] == "indices":
        return _indices(call)
    return _values(call), _indices(call)


def _values(call: Call) -> Expression:
    x, axis = axis_or_flat(call)
    if call["k"] < 1:
        return Item(Apply("torch.sort", (x, axis), {"descending": not call["is_ascend"]}), 0)
    largest = {"largest": False} if call["is_ascend"] else {}
    return Item(Apply("torch.topk", (x, call["k"], axis), largest), 0)


def _indices(call: Call) -> Expression:
    x, axis = axis_or_flat(call)
    if call["k"] < 1:
        found = _order(x, axis, not call["is_ascend"])
    else:
        args = (x, call["k"], axis, not call["is_ascend"])
        found = Apply("topk_indices", args, exact="topk_indices_of_mxnet")
    return Apply(".to", (found, DType(call["dtype"])))


def _order(x: Expression, axis: int, descending: bool) -> Apply:
    options = {"dim": axis, **({"descending": True} if descending else {}), "stable": True}
    return Apply("torch.argsort", (x,), options, exact="argsort_of_mxnet")


def topk_outputs(attributes: Mapping[str, Any]) -> int:
    return 2 if attributes["ret_typ"] == "both" else 1


def topk_integral(call: Call) -> tuple[bool, ...]:
    values, places = 0 in call.integral, is_integral(call["dtype"])
    return {"both": (values, places), "indices": (places,)}.get(call["ret_typ"], (values,))


def topk_shape(call: Call) -> tuple[Dims | None, ...]:
    data, k = call.shapes[0], call["k"]
    count = topk_outputs(call.attributes)
    if call["ret_typ"] == "mask":
        return (data,)
    if call["axis"] is None:
        size = k if k > 0 else (None if data is None else product(data))
        return ((size,),) * count
    if data is None:
        return (None,) * count
    axis = axis_of(call["axis"], len(data))
    return ((*data[:axis], k if k > 0 else data[axis], *data[axis + 1 :]),) * count


def sort(call: Call) -> Expression:
    x, axis = axis_or_flat(call)
    options = {} if call["is_ascend"] else {"descending": True}
    return Item(Apply("torch.sort", (x, axis), options), 0)


def argsort(call: Call) -> Expression:
    """The positions that sort an axis."""
    order = _order(*axis_or_flat(call), descending=not call["is_ascend"])
    return Apply(".to", (order, DType(call["dtype"])))


def sort_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if call["axis"] is None:
        return ((None if data is None else product(data),),)
    return (data,)


ORDERING = "src/operator/tensor/ordering_op.cc"

OPERATORS = (
    Operator(
        ("topk", "_npx_topk"),
        ORDERING,
        topk,
        topk_shape,
        {
            "axis": or_none(integer(-1)),
            "k": integer(1),
            "ret_typ": choice("value", "indices", "mask", "both", default="indices"),
            "is_ascend": flag(False),
            "dtype": choice(*INDEX_DTYPES, default="float32"),
        },
        inputs=("data",),
        outputs=topk_outputs,
        integral=topk_integral,
    ),
    Operator(
        ("sort", "_npi_sort"),
        ORDERING,
        sort,
        sort_shape,
        {"axis": or_none(integer(-1)), "is_ascend": flag(True)},
        inputs=("data",),
    ),
    Operator(
        ("argsort", "_npi_argsort"),
        ORDERING,
        argsort,
        sort_shape,
        {
            "axis": or_none(integer(-1)),
            "is_ascend": flag(True),
            "dtype": choice(*INDEX_DTYPES, default="float32"),
        },
        inputs=("data",),
    ),
)
