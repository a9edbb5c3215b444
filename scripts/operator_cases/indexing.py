"""Cases of operators that pick elements by indices, which are numbers of any dtype."""

from __future__ import annotations

from itertools import product

from scripts.operator_cases import Draw
from verify.operators.operator_case import DrawnInput, OperatorCase


def indices(draw: Draw, shape: tuple[int, ...], low: int, high: int) -> DrawnInput:
    """Whole numbers or fractions from low to high, which is excluded."""
    kind = draw.choice("whole", "whole", "int32", "int64", "fractions")
    if kind == "fractions":
        return draw.uniform(shape, low, high - 0.01)
    return draw.integers(shape, low, high, None if kind == "whole" else kind)


def embedding(draw: Draw) -> OperatorCase:
    rows, columns = draw.integer(1, 6), draw.integer(1, 4)
    attributes: dict[str, object] = {"input_dim": rows, "output_dim": columns}
    if draw.flag():
        attributes["dtype"] = draw.choice("float32", "float64")
    if draw.flag():
        name = "deterministic" if draw.name == "_contrib_SparseEmbedding" else "sparse_grad"
        attributes[name] = False
    shape = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    outside = draw.choice(0, 0, 2)
    where = indices(draw, shape, -outside, rows + outside)
    return draw.case(attributes, where, draw.uniform((rows, columns)))


def take(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    sizes = draw.shape(rank, 1, 4)
    axis = draw.choice(None, *range(-rank, rank))
    mode = draw.cycle(None, "clip", "wrap", "raise")
    attributes: dict[str, object] = {} if axis is None else {"axis": axis}
    if mode is not None:
        attributes["mode"] = mode
    outside = draw.choice(0, 3)
    shape = draw.shape(draw.integer(1, 2), 1, 4)
    if mode == "raise":  # MXNet compares before it cuts fractions off
        where = draw.integers(shape, 0, sizes[axis or 0])
    else:
        where = indices(draw, shape, -outside, sizes[axis or 0] + outside)
    return draw.case(attributes, draw.uniform(sizes), where)


def pick(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    sizes = draw.shape(rank, 1, 4)
    axis = draw.choice(None, *range(-rank, rank))
    attributes: dict[str, object] = {} if axis is None else {"axis": axis}
    keep = draw.cycle(None, False, True)
    if keep is not None:
        attributes["keepdims"] = keep
    mode = draw.choice(None, "clip", "wrap")
    if mode is not None:
        attributes["mode"] = mode
    at = (-1 if axis is None else axis) % rank
    shape = (*sizes[:at], *((1,) if draw.flag(0.3) else ()), *sizes[at + 1 :])
    where = indices(draw, shape or (1,), -2, sizes[at] + 2)
    return draw.case(attributes, draw.uniform(sizes), where)


def batch_take(draw: Draw) -> OperatorCase:
    rows, columns = draw.integer(1, 5), draw.integer(1, 5)
    where = draw.integers((rows,), 0, columns, "int32")
    return draw.case({}, draw.uniform((rows, columns)), where)


def gather_nd(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    depth = draw.integer(1, len(sizes))
    low = -min(sizes[:depth]) if draw.flag(0.3) else 0
    shape = (depth, *draw.shape(draw.integer(1, 2), 1, 4))
    high = min(sizes[:depth])
    if draw.flag(0.3):  # MXNet compares with the largest index before it cuts the fraction off
        return draw.case({}, draw.uniform(sizes), draw.uniform(shape, low, high - 1))
    dtype = draw.choice(None, "int32", "int64")
    return draw.case({}, draw.uniform(sizes), draw.integers(shape, low, high, dtype))


def scatter_nd(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    depth = draw.integer(1, len(sizes))
    places = list(product(*map(range, sizes[:depth])))
    draw.random.shuffle(places)
    places = places[: draw.integer(1, len(places))]
    numbers = [place[axis] for axis in range(depth) for place in places]
    where = DrawnInput(
        (depth, len(places)), "values", {"values": numbers}, draw.choice(None, "int32", "int64")
    )
    values = draw.uniform((len(places), *sizes[depth:]))
    return draw.case({"shape": sizes}, values, where)


def one_hot(draw: Draw) -> OperatorCase:
    depth = draw.integer(1, 5)
    attributes: dict[str, object] = {"depth": depth}
    dtype = draw.cycle(None, "float32", "float64", "int32", "int64", "uint8")
    if dtype is not None:
        attributes["dtype"] = dtype
    if draw.flag():
        attributes["on_value"] = draw.choice(2, 0, 0.5)
    if draw.flag():
        attributes["off_value"] = draw.choice(1, 3, 0.1)
    return draw.case(
        attributes, indices(draw, draw.shape(draw.cycle(1, 2, 3), 1, 3), -1, depth + 1)
    )


def index_copy(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    rows = list(range(sizes[0]))
    draw.random.shuffle(rows)
    rows = rows[: draw.integer(1, len(rows))]
    where = DrawnInput(
        (len(rows),), "values", {"values": rows}, draw.choice(None, "int32", "int64")
    )
    return draw.case({}, draw.uniform(sizes), where, draw.uniform((len(rows), *sizes[1:])))


def boolean_mask(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 2, 5)
    mask = [draw.choice(0, 1) for _ in range(sizes[0])]
    mask[draw.integer(0, sizes[0] - 1)] = 1
    attributes = draw.choice({}, {"axis": 0})
    where = DrawnInput((sizes[0],), "values", {"values": mask}, draw.choice(None, "int32"))
    return draw.case(attributes, draw.uniform(sizes), where)


def ravel_multi_index(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3, 4), 2, 5)
    where = draw.integers((len(sizes), draw.integer(1, 5)), 0, min(sizes), whole(draw))
    return draw.case({"shape": unknown_first(draw, sizes)}, where)


def unravel_index(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3, 4), 2, 5)
    length = 1
    for size in sizes:
        length *= size
    where = draw.integers((draw.integer(1, 6),), 0, length, whole(draw))
    return draw.case({"shape": unknown_first(draw, sizes)}, where)


def whole(draw: Draw) -> str | None:
    return draw.choice(None, None, "int32", "int64")


def unknown_first(draw: Draw, sizes: tuple[int, ...]) -> tuple[int, ...]:
    """The first size does not matter, and may be -1."""
    return (-1, *sizes[1:]) if draw.flag(0.3) else sizes


def index_array(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        axes = draw.random.sample(range(rank), draw.integer(1, rank))
        attributes["axes"] = tuple(draw.choice(axis, axis - rank) for axis in axes)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)))


CASES = {
    "Embedding": embedding,
    "take": take,
    "pick": pick,
    "batch_take": batch_take,
    "gather_nd": gather_nd,
    "scatter_nd": scatter_nd,
    "one_hot": one_hot,
    "_contrib_index_copy": index_copy,
    "_contrib_boolean_mask": boolean_mask,
    "_ravel_multi_index": ravel_multi_index,
    "_unravel_index": unravel_index,
    "_contrib_index_array": index_array,
}
COUNTS = {"take": 60, "pick": 80}
