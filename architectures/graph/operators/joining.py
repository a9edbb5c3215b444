"""Operators that join tensors or repeat them (MXNet src/operator/nn/concat.cc and
src/operator/tensor/matrix_op.cc)."""

from __future__ import annotations

from architectures.graph.attributes import integer, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import axis_of, merged, product
from architectures.graph.operator import Call, Dims, Operator


def concat(call: Call) -> Expression:
    return join(call, call["dim"])


def join(call: Call, axis: int) -> Expression:
    """The inputs side by side along an axis; one input is itself."""
    return Apply("torch.cat", (list(call.inputs), axis)) if len(call) > 1 else call.input(0)


def concat_shape(call: Call) -> tuple[Dims | None, ...]:
    return join_shape(call, call["dim"])


def join_shape(call: Call, axis: int) -> tuple[Dims | None, ...]:
    """The shape of inputs side by side."""
    known = [data for data in call.shapes if data is not None]
    if not known:
        return (None,)
    axis = axis_of(axis, len(known[0]))
    parts = [None if data is None else data[axis] for data in call.shapes]
    length = None if None in parts else sum(part for part in parts if part is not None)
    rest = merged([(*data[:axis], None, *data[axis + 1 :]) for data in known]) or ()
    return ((*rest[:axis], length, *rest[axis + 1 :]),)


def stack(call: Call) -> Expression:
    return Apply("torch.stack", (list(call.inputs), call["axis"]))


def stack_shape(call: Call) -> tuple[Dims | None, ...]:
    data = merged(call.shapes)
    if data is None:
        return (None,)
    axis = axis_of(call["axis"], len(data) + 1)
    return ((*data[:axis], len(call), *data[axis:]),)


def tile(call: Call) -> Expression:
    return Apply(".tile", (call.input(0), *call["reps"])) if call["reps"] else call.input(0)


def tile_shape(call: Call) -> tuple[Dims | None, ...]:
    data, reps = call.shapes[0], call["reps"]
    if data is None:
        return (None,)
    rank = max(len(data), len(reps))
    sizes = (1,) * (rank - len(data)) + data
    times = (1,) * (rank - len(reps)) + reps
    return (tuple(product(pair) for pair in zip(sizes, times, strict=True)),)


def repeat(call: Call) -> Expression:
    """Each element in turn; without an axis, of the flat input."""
    axis = () if call["axis"] is None else (call["axis"],)
    return Apply(".repeat_interleave", (call.input(0), call["repeats"], *axis))


def repeat_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axis = call.shapes[0], call["axis"]
    if axis is None:
        return ((None,) if data is None else (product((*data, call["repeats"])),),)
    if data is None:
        return (None,)
    axis = axis_of(axis, len(data))
    return ((*data[:axis], product((data[axis], call["repeats"])), *data[axis + 1 :]),)


MATRIX = "src/operator/tensor/matrix_op.cc"

OPERATORS = (
    Operator(
        (
            "Concat",
            "concat",
            "_rnn_param_concat",
            "_npi_rnn_param_concat",
            "_sparse_concat",
        ),
        "src/operator/nn/concat.cc",
        concat,
        concat_shape,
        {"dim": integer(1)},
        ignored=("num_args",),
    ),
    Operator(
        ("stack", "_npi_stack"),
        MATRIX,
        stack,
        stack_shape,
        {"axis": integer(0)},
        ignored=("num_args",),
    ),
    Operator(("tile", "_npi_tile"), MATRIX, tile, tile_shape, {"reps": shape()}, inputs=("data",)),
    Operator(
        ("repeat", "_np_repeat"),
        MATRIX,
        repeat,
        repeat_shape,
        {"repeats": integer(), "axis": integer(None)},
        inputs=("data",),
    ),
)
