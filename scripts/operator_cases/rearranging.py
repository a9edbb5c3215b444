"""Cases of operators that move elements to other places."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def depth_to_space(draw: Draw) -> OperatorCase:
    block = draw.cycle(1, 2, 3)
    channels = draw.integer(1, 3) * block**2
    sizes = (draw.choice(1, 3), channels, *draw.shape(2, 1, 3))
    return draw.case({"block_size": block}, draw.uniform(sizes))


def space_to_depth(draw: Draw) -> OperatorCase:
    block = draw.cycle(1, 2, 3)
    height, width = draw.shape(2, 1, 2)
    sizes = (draw.choice(1, 3), draw.integer(1, 3), height * block, width * block)
    return draw.case({"block_size": block}, draw.uniform(sizes))


def diag(draw: Draw) -> OperatorCase:
    numpy = draw.name == "_np_diag"
    rank = draw.cycle(1, 2) if numpy else draw.cycle(1, 2, 3, 4)
    sizes = draw.shape(rank, 3, 5)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["k"] = draw.integer(-2, 2)
    if rank > 1 and not numpy and draw.flag(0.8):
        attributes |= two_axes(draw, rank)
    return draw.case(attributes, draw.uniform(sizes), numpy=numpy)


def two_axes(draw: Draw, rank: int) -> dict[str, object]:
    """Two axes that differ, from the front or from the back."""
    first, second = draw.random.sample(range(rank), 2)
    return {
        "axis1": draw.choice(first, first - rank),
        "axis2": draw.choice(second, second - rank),
    }


def diagonal(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 3, 4)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["offset"] = draw.integer(-2, 2)
    if draw.flag(0.8):
        attributes |= two_axes(draw, rank)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 3, 5)), numpy=True)


def diagflat(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {"k": draw.integer(-2, 2)} if draw.flag(0.8) else {}
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 3)
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


def tril(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {"k": draw.integer(-2, 2)} if draw.flag(0.8) else {}
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


def moveaxis(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    many = draw.integer(1, rank)
    source, target = (draw.random.sample(range(rank), many) for _ in range(2))
    attributes = {
        "source": tuple(draw.choice(axis, axis - rank) for axis in source),
        "destination": tuple(draw.choice(axis, axis - rank) for axis in target),
    }
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)), numpy=True)


def roll(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3)
    axes = draw.random.sample(range(rank), draw.integer(1, rank))
    chosen = tuple(draw.choice(axis, axis - rank) for axis in axes)
    attributes: dict[str, object] = {"shift": tuple(draw.integer(-4, 4) for _ in axes)}
    attributes["axis"] = chosen
    if draw.cycle(False, False, False, True):
        attributes = {"shift": draw.integer(-4, 4)}
        if draw.flag():
            attributes["axis"] = None
    elif draw.flag(0.3):
        attributes["shift"] = draw.integer(-4, 4)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)), numpy=True)


def rot90(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 3, 4)
    first, second = draw.random.sample(range(rank), 2)
    attributes: dict[str, object] = {"axes": (first, second)}
    if draw.flag(0.8):
        attributes["k"] = draw.integer(-3, 5)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)), numpy=True)


def diff(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3)
    attributes: dict[str, object] = {}
    if draw.flag(0.8):
        attributes["axis"] = draw.integer(-rank, rank - 1)
    if draw.flag(0.8):
        attributes["n"] = draw.integer(0, 3)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 2, 5)), numpy=True)


CASES = {
    "depth_to_space": depth_to_space,
    "space_to_depth": space_to_depth,
    "diag": diag,
    "_np_moveaxis": moveaxis,
    "_np_roll": roll,
    "_npi_rot90": rot90,
    "_npi_tril": tril,
    "_np_diagflat": diagflat,
    "_np_diagonal": diagonal,
    "_np_trace": diagonal,
    "_npi_diff": diff,
}
COUNTS = {"diag": 60}
