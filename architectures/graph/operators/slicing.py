"""Operators that take or set part of a tensor (MXNet src/operator/tensor/matrix_op.cc and
src/operator/slice_channel.cc)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import flag, integer, number, optionals, shape
from architectures.graph.expression import Apply, Expression, Item
from architectures.graph.infer import axis_of, known_rank, same, size_of
from architectures.graph.operator import Call, Dims, Operator
from mappings.errors import GraphError

MOST_PARTS = 2**16

SLICES = {"begin": optionals(), "end": optionals(), "step": optionals(())}


def slices(call: Call) -> list[slice]:
    """The slices of the first axes; a step may be negative."""
    begin, end, step = call["begin"], call["end"], call["step"]
    if len(begin) != len(end) or len(step) not in (0, len(begin)):
        raise call.refuse(f"begin {begin}, end {end} and step {step} differ in length")
    if 0 in step:
        raise call.refuse(f"a step is 0: {step}")
    steps = [1 if one is None else one for one in step] or [1] * len(begin)
    return [slice(*part) for part in zip(begin, end, steps, strict=True)]


def slice_(call: Call) -> Expression:
    """PyTorch has no negative steps: such an axis is flipped first."""
    backwards, where = _forwards(call)
    x: Expression = call.input(0)
    if backwards:
        x = Apply(".flip", (x, *backwards))
    return Apply("[]", (x, where))


def _forwards(call: Call) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """The axes to flip, and the slices of what that gives, with positive steps."""
    parts = slices(call)
    backwards = tuple(axis for axis, part in enumerate(parts) if part.step < 0)
    return backwards, tuple(_plain(_forward(part)) for part in parts)


def _forward(part: slice) -> slice:
    """The same elements of the flipped axis: element i is element -1 - i there."""
    if part.step > 0:
        return part
    begin, end = (None if bound is None else ~bound for bound in (part.start, part.stop))
    return slice(begin, end, -part.step)


def _plain(part: slice) -> slice:
    return slice(part.start or None, part.stop, None if part.step == 1 else part.step)


def slice_shape(call: Call) -> tuple[Dims | None, ...]:
    data, parts = call.shapes[0], slices(call)
    if data is None:
        return (None,)
    if len(parts) > len(data):
        raise call.refuse(f"it slices {len(parts)} axes of an input of {len(data)}")
    return ((*map(sliced, data, parts), *data[len(parts) :]),)


def sliced(size: int | None, part: slice) -> int | None:
    """The size of a sliced axis."""
    return None if size is None else len(range(*part.indices(size)))


def slice_axis(call: Call) -> Expression:
    axis, part = call["axis"], slice(call["begin"] or None, call["end"])
    if part == slice(None, None):
        return call.input(0)
    whole = slice(None)
    if axis >= 0:
        return Apply("[]", (call.input(0), (*[whole] * axis, part)))
    return Apply("[]", (call.input(0), (..., part, *[whole] * (-1 - axis))))


def slice_axis_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    axis = axis_of(call["axis"], len(data))
    size = sliced(data[axis], slice(call["begin"], call["end"]))
    if data[axis] is None:
        size = _length(call["begin"], call["end"])
    return ((*data[:axis], size, *data[axis + 1 :]),)


def _length(begin: int, end: int | None) -> int | None:
    """How long a slice of an axis of unknown size is: MXNet takes no bounds outside of it."""
    if end is None:
        return -begin if begin < 0 else None
    return end - begin if (begin < 0) == (end < 0) else None


def slice_like(call: Call) -> Expression:
    """The first elements along some axes, or all, as many as the second input has there."""
    x, like = call.inputs
    axes = call["axes"]
    if len(axes) == 1:
        return Apply(".narrow", (x, axes[0], 0, size_of(like, axes[0])))
    return Apply("slice_like", (x, like, axes or tuple(range(known_rank(call)))))


def slice_like_shape(call: Call) -> tuple[Dims | None, ...]:
    data, like = call.shapes
    if data is None:
        return (None if call["axes"] else like,)
    sizes = list(data)
    for axis in call["axes"] or range(len(data)):
        sizes[axis] = None if like is None else like[axis_of(axis, len(like))]
    return (tuple(sizes),)


def slice_channel(call: Call) -> tuple[Expression, ...]:
    """Equal parts of one axis, which ``squeeze_axis`` removes where a part has size 1."""
    parts = Apply(".chunk", (call.input(0), call["num_outputs"], call["axis"]))
    return parts_of(call, parts, call["axis"])


def parts_of(call: Call, parts: Apply, axis: int) -> tuple[Expression, ...]:
    """All parts of a split, each without the axis if ``squeeze_axis`` says so."""
    count, squeezed = split_count(call.attributes), call["squeeze_axis"]
    if count == 1:
        return (Apply(".squeeze", (call.input(0), axis)) if squeezed else call.input(0),)
    if squeezed:
        parts = Apply(".unbind", (call.input(0), axis))
    return tuple(Item(parts, index) for index in range(count))


def split_count(attributes: Mapping[str, Any]) -> int:
    """How many outputs a split has."""
    if "num_outputs" in attributes:
        count = int(attributes["num_outputs"])
    else:
        count = int(attributes["sections"] or len(attributes["indices"]))
    if not 1 <= count <= MOST_PARTS:
        raise GraphError(f"a split in {count} parts; expected 1 to {MOST_PARTS}")
    return count


def slice_channel_shape(call: Call) -> tuple[Dims | None, ...]:
    data, count = call.shapes[0], split_count(call.attributes)
    if data is None:
        return (None,) * count
    axis = axis_of(call["axis"], len(data))
    size = data[axis]
    if size is not None and size % count:
        raise call.refuse(f"{count} equal parts of an axis of size {size} do not exist")
    part = () if call["squeeze_axis"] else (None if size is None else size // count,)
    return ((*data[:axis], *part, *data[axis + 1 :]),) * count


def split_v2(call: Call) -> tuple[Expression, ...]:
    """``sections`` parts, the first ones longer if need be; or parts that begin at ``indices``."""
    how = call["sections"] or call["indices"][1:]
    split = Apply(".tensor_split", (call.input(0), how, call["axis"]))
    return parts_of(call, split, call["axis"])


def split_v2_shape(call: Call) -> tuple[Dims | None, ...]:
    return split_shapes(call, call["axis"])


def split_shapes(call: Call, axis: int) -> tuple[Dims | None, ...]:
    """The shapes of the parts along an axis."""
    data, count, begins = call.shapes[0], split_count(call.attributes), call["indices"]
    if not call["sections"] and (not begins or begins[0] != 0 or min(begins) < 0):
        raise call.refuse(f"indices {begins} must begin with 0 and increase")
    if data is None:
        return (None,) * count
    axis = axis_of(axis, len(data))
    size = data[axis]
    sizes: list[int | None] = [None] * count
    if call["sections"] and size is not None:
        sizes = [size // count + (1 if part < size % count else 0) for part in range(count)]
    elif not call["sections"]:
        ends = (*begins[1:], size)
        sizes = [None if e is None else e - b for b, e in zip(begins, ends, strict=True)]
    if call["squeeze_axis"]:
        return ((*data[:axis], *data[axis + 1 :]),) * count
    return tuple((*data[:axis], part, *data[axis + 1 :]) for part in sizes)


def reverse(call: Call) -> Expression:
    return Apply(".flip", (call.input(0), *call["axis"]))


def slice_assign(call: Call) -> Expression:
    """The first input with part of it replaced by the second."""
    return _assigned(call, call.input(1))


def slice_assign_scalar(call: Call) -> Expression:
    return _assigned(call, call["scalar"])


def _assigned(call: Call, values: Any) -> Expression:
    backwards, where = _forwards(call)
    if not backwards:
        return Apply("slice_assign", (call.input(0), values, where))
    flipped = Apply(".flip", (call.input(0), *backwards))
    return Apply(".flip", (Apply("slice_assign", (flipped, values, where)), *backwards))


MATRIX = "src/operator/tensor/matrix_op.cc"

OPERATORS = (
    Operator(
        ("slice", "crop", "_npx_slice", "_npi_slice", "_sparse_slice"),
        MATRIX,
        slice_,
        slice_shape,
        SLICES,
        inputs=("data",),
    ),
    Operator(
        ("slice_axis",),
        MATRIX,
        slice_axis,
        slice_axis_shape,
        {"axis": integer(), "begin": integer(), "end": integer(None)},
        inputs=("data",),
    ),
    Operator(
        ("slice_like",),
        MATRIX,
        slice_like,
        slice_like_shape,
        {"axes": shape(())},
        inputs=("data", "shape_like"),
    ),
    Operator(
        ("SliceChannel", "split"),
        "src/operator/slice_channel.cc",
        slice_channel,
        slice_channel_shape,
        {"num_outputs": integer(), "axis": integer(1), "squeeze_axis": flag(False)},
        inputs=("data",),
        outputs=split_count,
    ),
    Operator(
        ("_split_v2", "_npi_split"),
        MATRIX,
        split_v2,
        split_v2_shape,
        {
            "indices": shape(),
            "axis": integer(1),
            "squeeze_axis": flag(False),
            "sections": integer(0),
        },
        inputs=("data",),
        outputs=split_count,
    ),
    Operator(
        ("reverse", "flip", "_npi_flip"),
        MATRIX,
        reverse,
        same,
        {"axis": shape()},
        inputs=("data",),
    ),
    Operator(
        ("_slice_assign", "_crop_assign", "_npi_slice_assign"),
        MATRIX,
        slice_assign,
        same,
        SLICES,
        inputs=("lhs", "rhs"),
    ),
    Operator(
        ("_slice_assign_scalar", "_crop_assign_scalar", "_npi_slice_assign_scalar"),
        MATRIX,
        slice_assign_scalar,
        same,
        {"scalar": number(0.0), **SLICES},
        inputs=("data",),
    ),
)
