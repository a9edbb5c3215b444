"""Operators that give the same values another shape (MXNet src/operator/tensor/matrix_op.cc,
broadcast_reduce_op_value.cc and src/operator/swapaxis.cc)."""

from __future__ import annotations

from architectures.graph.attributes import flag, integer, shape
from architectures.graph.expression import Apply, Expression, FieldOf
from architectures.graph.infer import axis_of, known_rank, product, size_of
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.reshaping import reshape, reshape_shape


def flatten(call: Call) -> Expression:
    """All axes but the first become one; numbers in a row become rows of one number."""
    if call.rank() == 1:
        return Apply(".unsqueeze", (call.input(0), 1))
    return Apply("torch.flatten", (call.input(0), 1))


def flatten_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return ((None, None) if data is None else (data[0], product(data[1:])),)


def transpose(call: Call) -> Expression:
    """No axes: all of them in reverse order."""
    axes = call["axes"] or tuple(reversed(range(known_rank(call))))
    moved = [axis for axis, source in enumerate(axes) if axis != source]
    if not moved:
        return call.input(0)
    if len(moved) == 2:
        return Apply(".transpose", (call.input(0), *moved))
    return Apply(".permute", (call.input(0), *axes))


def transpose_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return ((None,) * len(call["axes"]) if call["axes"] else None,)
    axes = call["axes"] or tuple(reversed(range(len(data))))
    if sorted(axes) != list(range(len(data))):
        raise call.refuse(f"axes {axes} do not reorder the {len(data)} axes of its input")
    return (tuple(data[axis] for axis in axes),)


def swap_axes(call: Call) -> Expression:
    return Apply(".transpose", (call.input(0), call["dim1"], call["dim2"]))


def swap_axes_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    sizes = list(data)
    a, b = axis_of(call["dim1"], len(data)), axis_of(call["dim2"], len(data))
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return (tuple(sizes),)


def expand_dims(call: Call) -> Expression:
    return Apply(".unsqueeze", (call.input(0), call["axis"]))


def expand_dims_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    axis = axis_of(call["axis"], len(data) + 1)
    return ((*data[:axis], 1, *data[axis:]),)


def squeeze(call: Call) -> Expression:
    """Without axes, all of size 1. MXNet keeps one axis where every axis has size 1."""
    axes = call["axis"]
    if axes == ():
        return call.input(0)
    if axes is not None and len(axes) == call.rank():
        return Apply(".reshape", (call.input(0), 1))
    gone = () if axes is None else (axes[0] if len(axes) == 1 else axes,)
    squeezed = Apply(".squeeze", (call.input(0), *gone))
    return squeezed if gone and call.rank() else Apply("torch.atleast_1d", (squeezed,))


def squeeze_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axes = call.shapes[0], call["axis"]
    if data is None or (axes is None and None in data):
        return (None,)
    if axes is None:
        kept = tuple(size for size in data if size != 1)
    else:
        gone = {axis_of(axis, len(data)) for axis in axes}
        kept = tuple(size for axis, size in enumerate(data) if axis not in gone)
    return (kept or (1,),)


def broadcast_axis(call: Call) -> Expression:
    """Axes of size 1 get a size each."""
    sizes = dict(zip(call["axis"], call["size"], strict=False))
    wide = (sizes.get(axis, -1) for axis in range(known_rank(call)))
    return Apply(".expand", (call.input(0), *wide))


def broadcast_axis_shape(call: Call) -> tuple[Dims | None, ...]:
    if len(call["axis"]) != len(call["size"]):
        raise call.refuse(f"axis {call['axis']} and size {call['size']} differ in length")
    if call.shapes[0] is None:
        return (None,)
    sizes = list(call.shapes[0])
    for axis, size in zip(call["axis"], call["size"], strict=True):
        sizes[axis] = size
    return (tuple(sizes),)


def broadcast_to(call: Call) -> Expression:
    """A size of 0 is the input's own."""
    return Apply(".expand", (call.input(0), *(size or -1 for size in call["shape"])))


def broadcast_to_shape(call: Call) -> tuple[Dims | None, ...]:
    data, wide = call.shapes[0], call["shape"]
    if data is None:
        return (tuple(size or None for size in wide),)
    if len(data) != len(wide):
        raise call.refuse(f"an input of {len(data)} axes cannot broadcast to {wide}")
    return (tuple(new or old for old, new in zip(data, wide, strict=True)),)


def broadcast_like(call: Call) -> Expression:
    """Without axes, to the shape of the second input; else only these axes, to those of the
    second."""
    x, like = call.inputs
    if call["lhs_axes"] is None:
        return Apply(".expand_as", (x, like))
    sizes: list[Expression | int] = [-1] * known_rank(call)
    for axis, source in _axis_pairs(call):
        sizes[axis] = size_of(like, source)
    return Apply(".expand", (x, *sizes))


def broadcast_like_shape(call: Call) -> tuple[Dims | None, ...]:
    data, like = call.shapes
    if call["lhs_axes"] is None:
        return (like,)
    if data is None:
        return (None,)
    sizes = list(data)
    for axis, source in _axis_pairs(call):
        sizes[axis] = None if like is None else like[source]
    return (tuple(sizes),)


def _axis_pairs(call: Call) -> list[tuple[int, int]]:
    ours, theirs = call["lhs_axes"], call["rhs_axes"]
    theirs = ours if theirs is None else theirs
    if not ours or len(ours) != len(theirs):
        raise call.refuse(f"lhs_axes {ours} and rhs_axes {theirs} do not pair")
    return list(zip(ours, theirs, strict=True))


RANGE = ("lhs_begin", "lhs_end", "rhs_begin", "rhs_end")


def reshape_like(call: Call) -> Expression:
    """The axes lhs_begin to lhs_end of the first input get the sizes of the axes rhs_begin to
    rhs_end of the second."""
    if all(call[name] is None for name in RANGE):
        return Apply(".reshape", (call.input(0), FieldOf(call.input(1), "shape")))
    kwargs = {name: call[name] for name in RANGE if call[name] is not None}
    return Apply("reshape_like", call.inputs, kwargs)


def reshape_like_shape(call: Call) -> tuple[Dims | None, ...]:
    data, like = call.shapes
    if all(call[name] is None for name in RANGE):
        return (like,)
    if data is None or like is None:
        return (None,)
    begin = 0 if call["lhs_begin"] is None else axis_of(call["lhs_begin"], len(data))
    end = len(data) if call["lhs_end"] is None else axis_of(call["lhs_end"], len(data))
    return (data[:begin] + like[call["rhs_begin"] : call["rhs_end"]] + data[end:],)


MATRIX = "src/operator/tensor/matrix_op.cc"
BROADCAST = "src/operator/tensor/broadcast_reduce_op_value.cc"

OPERATORS = (
    Operator(
        ("Reshape", "reshape"),
        MATRIX,
        reshape,
        reshape_shape,
        {
            "shape": shape(()),
            "reverse": flag(False),
            "target_shape": shape(()),
            "keep_highest": flag(False),
        },
        inputs=("data",),
    ),
    Operator(
        ("Flatten", "flatten", "_npx_batch_flatten"),
        MATRIX,
        flatten,
        flatten_shape,
        inputs=("data",),
    ),
    Operator(
        ("transpose",),
        MATRIX,
        transpose,
        transpose_shape,
        {"axes": shape(())},
        inputs=("data",),
    ),
    Operator(
        ("SwapAxis", "swapaxes", "_npi_swapaxes"),
        "src/operator/swapaxis.cc",
        swap_axes,
        swap_axes_shape,
        {"dim1": integer(0), "dim2": integer(0)},
        inputs=("data",),
    ),
    Operator(
        ("expand_dims", "_npi_expand_dims"),
        MATRIX,
        expand_dims,
        expand_dims_shape,
        {"axis": integer()},
        inputs=("data",),
    ),
    Operator(("squeeze",), MATRIX, squeeze, squeeze_shape, {"axis": shape(None)}, inputs=("data",)),
    Operator(
        ("broadcast_axis", "broadcast_axes"),
        BROADCAST,
        broadcast_axis,
        broadcast_axis_shape,
        {"axis": shape(()), "size": shape(())},
        inputs=("data",),
    ),
    Operator(
        ("broadcast_to",),
        BROADCAST,
        broadcast_to,
        broadcast_to_shape,
        {"shape": shape(())},
        inputs=("data",),
    ),
    Operator(
        ("broadcast_like",),
        BROADCAST,
        broadcast_like,
        broadcast_like_shape,
        {"lhs_axes": shape(None), "rhs_axes": shape(None)},
        inputs=("lhs", "rhs"),
    ),
    Operator(
        ("reshape_like", "_npx_reshape_like"),
        "src/operator/tensor/elemwise_unary_op_basic.cc",
        reshape_like,
        reshape_like_shape,
        {name: integer(None) for name in RANGE},
        inputs=("lhs", "rhs"),
    ),
)
