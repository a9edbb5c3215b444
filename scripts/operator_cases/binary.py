"""Cases of arithmetic, comparison and logic of two tensors."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.operators import GROUPS
from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import OperatorCase

FLOATING = ("power", "hypot", "arctan2", "copysign")  # of floating point alone


def shapes_of(draw: Draw, operator: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes that broadcast, or one shape twice for the operators that take no others."""
    shape = (draw.choice(1, 3), *draw.shape(draw.integer(0, 4), 1, 4))
    if draw.name.startswith("_np") and draw.flag(0.2):
        shape = draw.choice((), (0,), (3, 0, 2))
    if not operator.startswith(("broadcast_", "_np")):
        return shape, shape
    first, second = draw.broadcastable(shape), draw.broadcastable(shape)
    cut = draw.choice(0, 0, 0, 1, len(shape))
    if draw.flag():
        return first[cut:], second
    return first, second[cut:]


def two_tensors(operator: str) -> Draws:
    """Tensors that have equal elements and zeros where that matters."""
    kind = operator.strip("_").split("_", 1)[-1]

    def one(draw: Draw) -> OperatorCase:
        first, second = shapes_of(draw, operator)
        numpy = draw.name.startswith("_np")
        if "bitwise" in operator or (kind not in FLOATING and draw.number % 8 == 5):
            dtype = draw.choice("int32", "int64")
            operands = [draw.integers(first, -9, 10, dtype), draw.integers(second, -4, 9, dtype)]
            if "div" in operator:  # by integers that are not 0
                operands[1] = draw.integers(second, *draw.choice((-7, 0), (1, 5)), dtype)
        elif "power" in operator:
            operands = [draw.uniform(first, 0.1, 4), draw.uniform(second, -2, 3)]
            if draw.flag(0.3):
                operands = [draw.uniform(first, -4, 4), draw.integers(second, 0, 4)]
        elif "mod" in operator and draw.flag(0.7):
            operands = [draw.uniform(first, -9, 9), draw.ties(second, -3, 3, 12)]
        elif draw.flag():
            operands = [draw.ties(first, -2, 2, 4), draw.ties(second, -2, 2, 4)]
            if "div" in operator:
                operands[1] = draw.ties(second, 0.5, 4.5, 8)
        else:
            operands = [draw.uniform(first, -4, 4), draw.uniform(second, -4, 4)]
        return draw.case({}, *operands, numpy=numpy)

    return one


CASES: Mapping[str, Draws] = {
    operator.names[0]: two_tensors(operator.names[0]) for operator in GROUPS["binary"]
}
