"""Cases of operators that make a tensor from the shape of another."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def arange_like(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3)
    attributes: dict[str, object] = {}
    axis = draw.choice("absent", None, *range(-rank, rank))
    if axis != "absent":
        attributes["axis"] = axis
    if draw.flag():
        attributes["start"] = draw.choice(0, 1, 0.5, -1.3, 2)
    if draw.flag():
        attributes["step"] = draw.choice(1, 2, 0.1, -0.5)
    if draw.flag():
        attributes["repeat"] = draw.choice(1, 2, 3)
    if draw.flag(0.3):
        numbers = draw.integers(draw.shape(rank, 1, 5), 0, 9, draw.choice("int32", "int64"))
        return draw.case(attributes, numbers)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 5)))


def shape_array(draw: Draw) -> OperatorCase:
    return draw.case({}, draw.uniform((draw.choice(1, 3), *draw.shape(draw.cycle(0, 1, 2, 3)))))


def full_like(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {"fill_value": draw.choice(0, 1, 0.1, -2.75, 7)}
    dtype = draw.cycle("absent", None, "float32", "float64", "int32", "int64")
    if dtype != "absent":
        attributes["dtype"] = dtype
    return draw.case(attributes, draw.uniform(draw.shape(draw.cycle(0, 1, 2, 3))), numpy=True)


CASES = {
    "_contrib_arange_like": arange_like,
    "shape_array": shape_array,
    "size_array": shape_array,
    "_npi_full_like": full_like,
}
COUNTS = {"_contrib_arange_like": 80}
