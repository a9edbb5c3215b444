"""Reductions over axes (MXNet src/operator/tensor/broadcast_reduce_op_value.cc and _index.cc).

Without an axis all axes are reduced; MXNet then keeps one axis of size 1, numpy mode keeps none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from architectures.graph.attributes import Attribute, choice, flag, integer, shape
from architectures.graph.expression import Apply, DType, Expression, Item
from architectures.graph.infer import axis_of
from architectures.graph.operator import Call, Dims, Operator

VALUES = "src/operator/tensor/broadcast_reduce_op_value.cc"
SUMS = "src/operator/tensor/broadcast_reduce_sum_value.cc"
PRODUCTS = "src/operator/tensor/broadcast_reduce_prod_value.cc"
EXTREMES = "src/operator/tensor/broadcast_reduce_minmax_value.cc"
NORMS = "src/operator/tensor/broadcast_reduce_norm_value.cc"
INDICES = "src/operator/tensor/broadcast_reduce_op_index.cc"
NUMPY = "src/operator/numpy/np_broadcast_reduce_op_value.cc"
NUMPY_INDICES = "src/operator/numpy/np_broadcast_reduce_op_index.cc"
AXES: Mapping[str, Attribute] = {
    "axis": shape(None),
    "keepdims": flag(False),
    "exclude": flag(False),
}
FLOATS = ("float16", "float32", "float64")

Axes = tuple[int, ...] | None
Reduce = Callable[[Expression, Axes, Mapping[str, Any]], Expression]


def is_numpy(call: Call) -> bool:
    return str(call.node.op).startswith("_np")


def reduced_axes(call: Call, attribute: str = "axis") -> Axes:
    """The axes as positions where the rank is known; None for all of them."""
    axes: Axes = call[attribute]
    rank = call.rank()
    if axes is None or (axes == () and not is_numpy(call)):
        return None
    if rank is not None:
        axes = tuple(axis_of(axis, rank) for axis in axes)
    if call.attributes.get("exclude"):
        if rank is None:
            raise call.refuse("which axes 'exclude' leaves depends on the rank, which is unknown")
        return tuple(axis for axis in range(rank) if axis not in axes)
    return axes


def reduced_shape(call: Call, attribute: str = "axis") -> tuple[Dims | None, ...]:
    """The shape of a reduction."""
    axes, data = reduced_axes(call, attribute), call.shapes[0]
    keep = call.attributes.get("keepdims", False)
    if axes is None and not keep:
        return ((),) if is_numpy(call) else ((1,),)
    if data is None:
        return (None,)
    gone = range(len(data)) if axes is None else axes
    kept = [1 if at in gone else size for at, size in enumerate(data) if keep or at not in gone]
    return (tuple(kept) if kept or is_numpy(call) else (1,),)


def reduction(call: Call, reduce: Reduce, attribute: str = "axis") -> Expression:
    """The reduction of the first input; an axis of size 1 is put where MXNet keeps one."""
    axes = reduced_axes(call, attribute)
    keep = {"keepdim": True} if call.attributes.get("keepdims") else {}
    rank = call.rank()
    if axes == ():
        return reduce(call.input(0), (), {})
    if keep and axes is None:
        if rank is None:
            raise call.refuse("keepdims needs the rank of the data, which is unknown")
        axes = tuple(range(rank))
    return one_axis_left(call, reduce(call.input(0), axes, keep), axes)


def one_axis_left(call: Call, result: Expression, axes: Axes) -> Expression:
    """The result of a reduction over ``axes`` (None: all), with the axis of size 1 that MXNet has
    where none is left. Numpy mode leaves none."""
    if call.attributes.get("keepdims") or is_numpy(call):
        return result
    if axes is None or len(set(axes)) == call.rank():
        return Apply(".reshape", (result, 1))
    return Apply("torch.atleast_1d", (result,)) if call.rank() is None else result


def over(function: str) -> Reduce:
    """A PyTorch function of a tensor and axes."""

    def reduce(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
        if axes is None:
            return Apply(function, (x,))
        if axes == ():
            return x
        return Apply(function, (x, axes[0] if len(axes) == 1 else axes), keep)

    return reduce


def one_by_one(function: str) -> Reduce:
    """A PyTorch function that takes one axis: the last axis first, so that the others stay. Where
    axes count from the end, all stay until the last is done."""

    def reduce(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
        if axes is None:
            return Apply(function, (x,))
        late = len(axes) > 1 and min(axes) < 0 and not keep
        for axis in sorted(set(axes), reverse=True):
            x = Apply(function, (x, axis), {"keepdim": True} if late else keep)
        return Apply(".squeeze", (x, axes)) if late else x

    return reduce


def product_without_nan(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
    return one_by_one("torch.prod")(Apply("without_nan", (x, 1)), axes, keep)


def sum_without_nan(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
    return over("torch.sum")(Apply("without_nan", (x, 0)), axes, keep)


def reducing(
    names: tuple[str, ...], source: str, reduce: Reduce, integers: bool = True
) -> Operator:
    def becomes(call: Call) -> Expression:
        if call.integral and not integers:
            raise call.refuse("integers are not supported; MXNet rounds their mean")
        return reduction(call, reduce)

    return Operator(names, source, becomes, reduced_shape, AXES, inputs=("data",))


def norm(call: Call) -> Expression:
    """The 1-norm or 2-norm over all axes together."""
    order = call["ord"]
    if order not in (1, 2):
        raise call.refuse(f"ord is {order}; MXNet has 1 and 2")
    dtype = {} if call["out_dtype"] is None else {"dtype": DType(call["out_dtype"])}

    def reduce(x: Expression, axes: Axes, keep: Mapping[str, Any]) -> Expression:
        if axes is None:
            return Apply("torch.linalg.vector_norm", (x, order), dtype)
        dims = axes[0] if len(axes) == 1 else axes
        return Apply("torch.linalg.vector_norm", (x, order, dims), {**keep, **dtype})

    return reduction(call, reduce)


def index_of_extreme(function: str) -> Callable[[Call], Expression]:
    """MXNet gives the index in the data's dtype, numpy mode as int64."""

    def becomes(call: Call) -> Expression:
        axis, rank, x = call["axis"], call.rank(), call.input(0)
        if axis is None:
            index: Expression = Apply(function, (x,))
            if call["keepdims"]:
                if rank is None:
                    raise call.refuse("keepdims needs the rank of the data, which is unknown")
                index = Apply(".reshape", (index, (1,) * rank))
        else:
            index = Apply(function, (x, axis), {"keepdim": True} if call["keepdims"] else {})
        index = one_axis_left(call, index, None if axis is None else (axis,))
        return index if is_numpy(call) else Apply(".type_as", (index, x))

    return becomes


def index_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axis = call.shapes[0], call["axis"]
    if axis is None and not call["keepdims"]:
        return ((),) if is_numpy(call) else ((1,),)
    if data is None:
        return (None,)
    gone = range(len(data)) if axis is None else (axis_of(axis, len(data)),)
    keep = call["keepdims"]
    kept = [1 if at in gone else size for at, size in enumerate(data) if keep or at not in gone]
    return (tuple(kept) if kept or is_numpy(call) else (1,),)


def indexing(name: str, function: str) -> Operator:
    return Operator(
        (name,),
        INDICES,
        index_of_extreme(function),
        index_shape,
        {"axis": integer(None), "keepdims": flag(False)},
        inputs=("data",),
    )


def indexing_numpy(name: str, function: str) -> Operator:
    return Operator(
        (name,),
        NUMPY_INDICES,
        index_of_extreme(function),
        index_shape,
        {"axis": integer(None), "keepdims": flag(False)},
        inputs=("data",),
        integral=lambda call: True,
    )


def argmax_channel(call: Call) -> Expression:
    x = call.input(0)
    return Apply(".type_as", (Apply("torch.argmax", (x, 1)), x))


def without_channels(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None if data is None else (*data[:1], *data[2:]),)


def moments(call: Call) -> tuple[Expression, ...]:
    """The mean and the variance, of the whole population."""
    keep = {"keepdim": True} if call["keepdims"] else {}
    axes = call["axes"]
    if not axes:
        raise call.refuse("the attribute 'axes' is missing")
    both = Apply("torch.var_mean", (call.input(0), axes), {"correction": 0, **keep})
    return tuple(one_axis_left(call, Item(both, at), axes) for at in (1, 0))


def moments_shape(call: Call) -> tuple[Dims | None, ...]:
    return reduced_shape(call, "axes") * 2


def cumulative_sum(call: Call) -> Expression:
    x: Expression = call.input(0)
    axis = call["axis"]
    if axis is None:
        x, axis = Apply("torch.flatten", (x,)), 0
    dtype = {} if call["dtype"] is None else {"dtype": DType(call["dtype"])}
    return Apply("torch.cumsum", (x, axis), dtype)


def cumulative_shape(call: Call) -> tuple[Dims | None, ...]:
    return (call.shapes[0] if call["axis"] is not None else (None,),)


OPERATORS = (
    reducing(("sum", "sum_axis"), SUMS, over("torch.sum")),
    reducing(("mean",), SUMS, over("torch.mean"), integers=False),
    reducing(("prod",), PRODUCTS, one_by_one("torch.prod")),
    reducing(("nansum",), SUMS, sum_without_nan),
    reducing(("nanprod",), PRODUCTS, product_without_nan),
    reducing(("max", "max_axis"), EXTREMES, over("torch.amax")),
    reducing(("min", "min_axis"), EXTREMES, over("torch.amin")),
    Operator(
        ("norm",),
        NORMS,
        norm,
        reduced_shape,
        {
            "ord": integer(2),
            "axis": shape(None),
            "out_dtype": choice(*FLOATS, default=None),
            "keepdims": flag(False),
        },
        inputs=("data",),
    ),
    indexing("argmax", "torch.argmax"),
    indexing("argmin", "torch.argmin"),
    Operator(("argmax_channel",), INDICES, argmax_channel, without_channels, inputs=("data",)),
    Operator(
        ("moments",),
        "src/operator/nn/moments.cc",
        moments,
        moments_shape,
        {"axes": shape(None), "keepdims": flag(False)},
        inputs=("data",),
        outputs=2,
    ),
    Operator(
        ("_np_cumsum", "cumsum"),
        "src/operator/numpy/np_cumsum.cc",
        cumulative_sum,
        cumulative_shape,
        {"axis": integer(None), "dtype": choice(*FLOATS, default=None)},
        inputs=("a",),
    ),
    indexing_numpy("_npi_argmax", "torch.argmax"),
    indexing_numpy("_npi_argmin", "torch.argmin"),
)
