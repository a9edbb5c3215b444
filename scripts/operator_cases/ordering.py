"""Cases of operators that order elements.

Equal elements are drawn in float64 alone: the proof models MXNet's order among them, the network
that a user runs has another.
"""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import BOTH, DrawnInput, OperatorCase

Data = tuple[DrawnInput, tuple[str, ...], dict[str, object], int]


def data(draw: Draw) -> Data:
    """An input, its runs, an axis (or none), and how many elements are ordered."""
    rank = draw.cycle(1, 2, 3, 4)
    sizes = list(draw.shape(rank, 1, 3))
    axis = draw.choice("absent", "absent", None, *range(-rank, rank))
    sizes[-1 if axis in ("absent", None) else int(axis)] = draw.cycle(1, 5, 12, 17, 40, every=2)
    attributes: dict[str, object] = {} if axis == "absent" else {"axis": axis}
    length = sizes[-1 if axis == "absent" else int(axis)] if axis is not None else 1
    if axis is None:
        for size in sizes:
            length *= size
    if draw.cycle(True, False, False):
        return draw.ties(sizes, levels=draw.choice(1, 2, 5)), ("float64",), attributes, length
    if draw.flag(0.2):
        return draw.integers(sizes, -90, 90, "int32"), ("float64",), attributes, length
    return draw.uniform(sizes), BOTH, attributes, length


def topk(draw: Draw) -> OperatorCase:
    drawn, runs, attributes, length = data(draw)
    kind = draw.choice(None, "indices", "value", "mask", "both")
    if kind is not None:
        attributes["ret_typ"] = kind
    if draw.flag(0.9):
        attributes["k"] = draw.choice(
            1, 1, 2, draw.integer(1, length), draw.integer(1, length), length, 0, -1
        )
        attributes["k"] = min(int(str(attributes["k"])), length)
    if draw.flag():
        attributes["is_ascend"] = draw.flag()
    add_dtype(draw, attributes, length)
    return draw.case(attributes, drawn, runs=runs)


def add_dtype(draw: Draw, attributes: dict[str, object], length: int) -> None:
    if draw.flag(0.6):
        dtype = draw.choice("float32", "float64", "int32", "int64", "float16", "uint8")
        attributes["dtype"] = dtype


def sort(draw: Draw) -> OperatorCase:
    drawn, _, attributes, _ = data(draw)
    if draw.flag():
        attributes["is_ascend"] = draw.flag()
    return draw.case(attributes, drawn)


def argsort(draw: Draw) -> OperatorCase:
    drawn, runs, attributes, length = data(draw)
    if draw.flag():
        attributes["is_ascend"] = draw.flag()
    add_dtype(draw, attributes, length)
    return draw.case(attributes, drawn, runs=runs)


CASES = {"topk": topk, "sort": sort, "argsort": argsort}
COUNTS = {"topk": 200, "argsort": 80}
