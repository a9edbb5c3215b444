"""The shaping operators of numpy mode that the others do not have (MXNet
src/operator/numpy/np_matrix_op.cc)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import flag, integer, or_none, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import axis_of, broadcasted, known_rank, product
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.joining import join, join_shape
from architectures.graph.operators.reshaping import (
    NewAxis,
    numpy_axes,
    reshaped,
    reshaped_to,
)
from architectures.graph.operators.slicing import parts_of, split_count, split_shapes


def reshape(call: Call) -> Expression:
    """``np.reshape``: sizes, of which one may be -1."""
    return Apply(".reshape", (call.input(0), *(call["newshape"] or [()])))


def reshape_shape(call: Call) -> tuple[Dims | None, ...]:
    sizes = call["newshape"]
    if min(sizes, default=0) < -1 or sizes.count(-1) > 1:
        raise call.refuse(f"newshape {sizes} has more than one unknown size")
    if call.shapes[0] is None:
        return (tuple(None if size < 0 else size for size in sizes),)
    axes = [NewAxis(None if size < 0 else size) for size in sizes]
    return (reshaped(call.shapes[0], axes),)


def npx_reshape(call: Call) -> Expression:
    """``npx.reshape``: -1 is inferred, -2 copies a size, -3 drops a size of 1, -4 copies all that
    are left, -5 merges two, -6 splits one."""
    return reshaped_to(call, numpy_axes(call, known_rank(call)))


def npx_reshape_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None if data is None else reshaped(data, numpy_axes(call, len(data))),)


def transpose(call: Call) -> Expression:
    axes = call["axes"] or tuple(reversed(range(known_rank(call))))
    return Apply(".permute", (call.input(0), *(axes or [()])))


def transpose_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axes = call.shapes[0], call["axes"]
    if data is None:
        return (None if not axes else (None,) * len(axes),)
    axes = axes or tuple(reversed(range(len(data))))
    if sorted(axis_of(axis, len(data)) for axis in axes) != list(range(len(data))):
        raise call.refuse(f"axes {axes} do not reorder the {len(data)} axes of its input")
    return (tuple(data[axis] for axis in axes),)


def concatenate(call: Call) -> Expression:
    """Along an axis; without one, of the flat inputs."""
    if call["axis"] is None:
        return Apply("torch.cat", ([Apply(".flatten", (x,)) for x in call.inputs],))
    return join(call, call["axis"])


def concatenate_shape(call: Call) -> tuple[Dims | None, ...]:
    if call["axis"] is not None:
        return join_shape(call, call["axis"])
    sizes = [None if data is None else product(data) for data in call.shapes]
    return ((None if None in sizes else sum(size for size in sizes if size is not None),),)


def squeeze(call: Call) -> Expression:
    """Without axes, all of size 1."""
    axes = call["axis"]
    if axes is None:
        return Apply(".squeeze", call.inputs)
    return Apply(".squeeze", (call.input(0), axes[0] if len(axes) == 1 else axes))


def squeeze_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axes = call.shapes[0], call["axis"]
    if data is None or (axes is None and None in data):
        return (None,)
    if axes is None:
        return (tuple(size for size in data if size != 1),)
    gone = {axis_of(axis, len(data)) for axis in axes}
    return (tuple(size for axis, size in enumerate(data) if axis not in gone),)


def broadcast_to(call: Call) -> Expression:
    """A size of -2 is the input's own."""
    sizes = [-1 if size == -2 else size for size in call["shape"]]
    return Apply(".expand", (call.input(0), *(sizes or [()])))


def broadcast_to_shape(call: Call) -> tuple[Dims | None, ...]:
    data, wide = call.shapes[0], call["shape"]
    if data is None:
        return (tuple(None if size < 0 else size for size in wide),)
    return (broadcasted([data, tuple(1 if size < 0 else size for size in wide)]),)


STACKS = {
    "_npi_hstack": "hstack",
    "_npi_vstack": "vstack",
    "_npi_dstack": "dstack",
    "_npi_column_stack": "column_stack",
}


def stacked(call: Call) -> Expression:
    """``np.hstack`` and its kin, which PyTorch has too."""
    return Apply(f"torch.{STACKS[call.node.op or '']}", (list(call.inputs),))


def stacked_shape(call: Call) -> tuple[Dims | None, ...]:
    kind = STACKS[call.node.op or ""]
    if any(data is None for data in call.shapes):
        return (None,)
    shapes = [_raised(kind, data) for data in call.shapes if data is not None]
    axis = {"hstack": 0 if len(shapes[0]) == 1 else 1, "vstack": 0, "dstack": 2}.get(kind, 1)
    parts = [data[axis] for data in shapes]
    total = None if None in parts else sum(part for part in parts if part is not None)
    return ((*shapes[0][:axis], total, *shapes[0][axis + 1 :]),)


def _raised(kind: str, data: Dims) -> Dims:
    """The shape with the axes that a stack adds first."""
    if kind == "hstack":
        return data or (1,)
    if kind == "dstack":
        return at_least(data, 3)
    if kind == "column_stack":
        return data if len(data) > 1 else (*(data or (1,)), 1)
    return at_least(data, 2)


def at_least(data: Dims, rank: int) -> Dims:
    """numpy's ``atleast_1d``, ``_2d`` and ``_3d``."""
    if len(data) >= rank:
        return data
    if rank == 3 and len(data) == 2:
        return (*data, 1)
    if rank == 3:
        return (1, *(data or (1,)), 1)
    return (1,) * (rank - len(data)) + data


RANKS = {"_np_atleast_1d": 1, "_np_atleast_2d": 2, "_np_atleast_3d": 3}


def atleast(call: Call) -> tuple[Expression, ...]:
    rank = RANKS[call.node.op or ""]
    return tuple(Apply(f"torch.atleast_{rank}d", (x,)) for x in call.inputs)


def atleast_shape(call: Call) -> tuple[Dims | None, ...]:
    rank = RANKS[call.node.op or ""]
    return tuple(None if data is None else at_least(data, rank) for data in call.shapes)


def atleast_count(attributes: Mapping[str, Any]) -> int:
    count: int = attributes["num_args"]
    return max(count, 1)


def hsplit(call: Call) -> tuple[Expression, ...]:
    """Parts along the second axis, or the only one."""
    how = call["sections"] or call["indices"][1:]
    split = Apply(".tensor_split", (call.input(0), how, _split_axis(call)))
    return parts_of(call, split, _split_axis(call))


def hsplit_shape(call: Call) -> tuple[Dims | None, ...]:
    return split_shapes(call, _split_axis(call))


def _split_axis(call: Call) -> int:
    return 0 if known_rank(call) == 1 else 1


MATRIX = "src/operator/numpy/np_matrix_op.cc"
SPLIT = {
    "indices": shape(),
    "axis": integer(1),
    "squeeze_axis": flag(False),
    "sections": integer(0),
}

OPERATORS = (
    Operator(
        ("_np_reshape",),
        MATRIX,
        reshape,
        reshape_shape,
        {"newshape": shape()},
        ignored=("order",),
        inputs=("a",),
    ),
    Operator(
        ("_npx_reshape", "_npi_reshape"),
        MATRIX,
        npx_reshape,
        npx_reshape_shape,
        {"newshape": shape(), "reverse": flag(False)},
        ignored=("order",),
        inputs=("a",),
    ),
    Operator(
        ("_np_transpose",),
        MATRIX,
        transpose,
        transpose_shape,
        {"axes": shape(None)},
        inputs=("a",),
    ),
    Operator(
        ("_npi_concatenate",),
        MATRIX,
        concatenate,
        concatenate_shape,
        {"axis": or_none(integer(0))},
        ignored=("num_args",),
    ),
    Operator(
        ("_np_squeeze",), MATRIX, squeeze, squeeze_shape, {"axis": shape(None)}, inputs=("a",)
    ),
    Operator(
        ("_npi_broadcast_to",),
        "src/operator/numpy/np_broadcast_reduce_op_value.cc",
        broadcast_to,
        broadcast_to_shape,
        {"shape": shape(())},
        inputs=("array",),
    ),
    Operator(tuple(STACKS), MATRIX, stacked, stacked_shape, ignored=("num_args", "dim", "axis")),
    Operator(
        tuple(RANKS),
        "src/operator/numpy/np_init_op.cc",
        atleast,
        atleast_shape,
        {"num_args": integer()},
        outputs=atleast_count,
    ),
    Operator(
        ("_npi_hsplit",),
        MATRIX,
        hsplit,
        hsplit_shape,
        SPLIT,
        inputs=("data",),
        outputs=split_count,
    ),
)
