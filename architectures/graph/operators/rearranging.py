"""Operators that move elements to other places (MXNet src/operator/tensor/matrix_op.cc, diag_op.cc
and src/operator/numpy/np_matrix_op.cc)."""

from __future__ import annotations

from architectures.graph.attributes import integer, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import axis_of, known_rank, same, size_of
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.reshaping import NewAxis, reshaped


def depth_to_space(call: Call) -> Expression:
    """Blocks come from the first part of the channels; PyTorch's pixel_shuffle takes the last."""
    return Apply("depth_to_space", (call.input(0), call["block_size"]))


def depth_to_space_shape(call: Call) -> tuple[Dims | None, ...]:
    data, block = call.shapes[0], call["block_size"]
    if data is None:
        return ((None,) * 4,)
    n, c, h, w = data
    return ((n, c and c // block**2, h and h * block, w and w * block),)


def space_to_depth(call: Call) -> Expression:
    return Apply("space_to_depth", (call.input(0), call["block_size"]))


def space_to_depth_shape(call: Call) -> tuple[Dims | None, ...]:
    data, block = call.shapes[0], call["block_size"]
    if data is None:
        return ((None,) * 4,)
    n, c, h, w = data
    return ((n, c and c * block**2, h and h // block, w and w // block),)


def diag(call: Call) -> Expression:
    """A vector becomes a matrix; of anything else, the diagonal over two axes."""
    if known_rank(call) == 1:
        return Apply("torch.diag", (call.input(0), *([call["k"]] if call["k"] else [])))
    return diagonal(call, call["k"])


def diag_shape(call: Call) -> tuple[Dims | None, ...]:
    data, k = call.shapes[0], call["k"]
    if data is not None and len(data) == 1:
        side = None if data[0] is None else data[0] + abs(k)
        return ((side, side),)
    return diagonal_shape(call, k)


def diagonal(call: Call, offset: int) -> Expression:
    """The diagonal over two axes, as the last axis."""
    return Apply("torch.diagonal", (call.input(0), offset, call["axis1"], call["axis2"]))


def diagonal_shape(call: Call, offset: int) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    first, second = axis_of(call["axis1"], len(data)), axis_of(call["axis2"], len(data))
    rest = tuple(size for axis, size in enumerate(data) if axis not in (first, second))
    rows, columns = data[first], data[second]
    if rows is None or columns is None:
        return ((*rest, None),)
    return ((*rest, max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)),)


def moveaxis(call: Call) -> Expression:
    moves = (call["source"], call["destination"])
    return Apply(".movedim", (call.input(0), *(m[0] if len(m) == 1 else m for m in moves)))


def moveaxis_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    source = [axis_of(axis, len(data)) for axis in call["source"]]
    places = {
        axis_of(place, len(data)): data[axis]
        for place, axis in zip(call["destination"], source, strict=True)
    }
    rest = iter(size for axis, size in enumerate(data) if axis not in source)
    return (tuple(places[at] if at in places else next(rest) for at in range(len(data))),)


def roll(call: Call) -> Expression:
    """Elements move along axes, or in the flat input, and come back at the other end."""
    shift, axes = call["shift"], call["axis"]
    if axes is None:
        return Apply(".roll", (call.input(0), shift[0]))
    shifts = shift * len(axes) if len(shift) == 1 else shift
    return Apply(".roll", (call.input(0), shifts, axes))


def rot90(call: Call) -> Expression:
    return Apply("torch.rot90", (call.input(0), call["k"], call["axes"]))


def rot90_shape(call: Call) -> tuple[Dims | None, ...]:
    data, axes = call.shapes[0], call["axes"]
    if axes is None or len(axes) != 2:
        raise call.refuse(f"axes are {axes}; expected two")
    if data is None or call["k"] % 2 == 0:
        return (data,)
    sizes = list(data)
    a, b = axes
    sizes[a], sizes[b] = sizes[b], sizes[a]
    return (tuple(sizes),)


def tril(call: Call) -> Expression:
    """Of a vector, the triangle of the matrix that repeats it."""
    x: Expression = call.input(0)
    if known_rank(call) == 1:
        x = Apply(".expand", (x, size_of(call.input(0), 0), -1))
    return Apply("torch.tril", (x, call["k"]) if call["k"] else (x,))


def tril_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (data * 2 if data is not None and len(data) == 1 else data,)


def diagflat(call: Call) -> Expression:
    return Apply("torch.diagflat", (call.input(0), call["k"]))


def diagflat_shape(call: Call) -> tuple[Dims | None, ...]:
    side = reshaped(call.shapes[0], [NewAxis()])[0] if call.shapes[0] is not None else None
    side = None if side is None else side + abs(call["k"])
    return ((side, side),)


def np_diagonal(call: Call) -> Expression:
    return diagonal(call, call["offset"])


def np_diagonal_shape(call: Call) -> tuple[Dims | None, ...]:
    return diagonal_shape(call, call["offset"])


def trace(call: Call) -> Expression:
    return Apply(".sum", (np_diagonal(call), -1))


def trace_shape(call: Call) -> tuple[Dims | None, ...]:
    (found,) = np_diagonal_shape(call)
    return (None if found is None else found[:-1],)


def diff(call: Call) -> Expression:
    return Apply("torch.diff", (call.input(0), call["n"], call["axis"]))


def diff_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    sizes, axis = list(data), axis_of(call["axis"], len(data))
    size = sizes[axis]
    sizes[axis] = None if size is None else max(size - call["n"], 0)
    return (tuple(sizes),)


MATRIX = "src/operator/tensor/matrix_op.cc"
NUMPY = "src/operator/numpy/np_matrix_op.cc"
DIAGONAL = {"offset": integer(0), "axis1": integer(0), "axis2": integer(1)}

OPERATORS = (
    Operator(
        ("depth_to_space",),
        MATRIX,
        depth_to_space,
        depth_to_space_shape,
        {"block_size": integer()},
        inputs=("data",),
    ),
    Operator(
        ("space_to_depth",),
        MATRIX,
        space_to_depth,
        space_to_depth_shape,
        {"block_size": integer()},
        inputs=("data",),
    ),
    Operator(
        ("diag", "_np_diag"),
        "src/operator/tensor/diag_op.cc",
        diag,
        diag_shape,
        {"k": integer(0), "axis1": integer(0), "axis2": integer(1)},
        inputs=("data",),
    ),
    Operator(
        ("_np_moveaxis",),
        NUMPY,
        moveaxis,
        moveaxis_shape,
        {"source": shape(), "destination": shape()},
        inputs=("a",),
    ),
    Operator(
        ("_np_roll",),
        NUMPY,
        roll,
        same,
        {"shift": shape(), "axis": shape(None)},
        inputs=("data",),
    ),
    Operator(
        ("_npi_rot90",),
        NUMPY,
        rot90,
        rot90_shape,
        {"k": integer(1), "axes": shape(None)},
        inputs=("data",),
    ),
    Operator(
        ("_npi_tril",),
        "src/operator/numpy/np_tril_op.cc",
        tril,
        tril_shape,
        {"k": integer(0)},
        inputs=("data",),
    ),
    Operator(
        ("_np_diagflat",), NUMPY, diagflat, diagflat_shape, {"k": integer(0)}, inputs=("data",)
    ),
    Operator(("_np_diagonal",), NUMPY, np_diagonal, np_diagonal_shape, DIAGONAL, inputs=("data",)),
    Operator(
        ("_np_trace",),
        "src/operator/numpy/np_trace_op.cc",
        trace,
        trace_shape,
        DIAGONAL,
        inputs=("data",),
    ),
    Operator(
        ("_npi_diff",),
        "src/operator/numpy/np_diff.cc",
        diff,
        diff_shape,
        {"n": integer(1), "axis": integer(-1)},
        inputs=("a",),
    ),
)
