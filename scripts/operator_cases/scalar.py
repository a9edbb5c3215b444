"""Cases of arithmetic, comparison and logic of a tensor and a number."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.operators import GROUPS
from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import OperatorCase

FLOATING = ("power", "hypot", "arctan2", "copysign", "rtrue_divide")  # of floating point alone
VALUES = (2.0, 0.5, -1.5, 3, -2, 1e-3, 0.1, 127.5, 0)


def tensor_and_number(operator: str) -> Draws:
    """Numbers that occur in the tensor, too, and divisors of 0 for the remainder."""
    floating_alone = any(word in operator for word in FLOATING)

    def one(draw: Draw) -> OperatorCase | None:
        numpy = draw.name.startswith("_np")
        shape = (draw.choice(1, 3), *draw.shape(draw.integer(0, 4), 1, 4))
        if numpy and draw.flag(0.2):
            shape = draw.choice((), (0,), (3, 0, 2))
        value = draw.choice(*VALUES)
        if "div" in operator and not value:
            return None
        attributes: dict[str, object] = {"scalar": value} if draw.flag(0.9) else {}
        if draw.flag(0.2):
            attributes["is_int"] = float(attributes.get("scalar", 1)).is_integer()
        if not floating_alone and draw.number % 8 == 5:
            if "div" in operator or "mod" in operator:
                low, high = draw.choice((1, 9), (-8, 0)) if "_r" in operator else (-9, 9)
                if -1 < value < 1:
                    return None
            else:
                low, high = -3, 4
            return draw.case(
                attributes,
                draw.integers(shape, low, high, draw.choice("int32", "int64")),
                numpy=numpy,
            )
        if "power" in operator:
            if "_r" in operator:
                attributes["scalar"] = draw.choice(2.0, 0.5, 10, 2.718)
                return draw.case(attributes, draw.uniform(shape, -3, 3), numpy=numpy)
            if draw.flag() and value in (2.0, 3):
                return draw.case(attributes, draw.uniform(shape, -3, 3), numpy=numpy)
            if abs(value) > 10:
                return None
            return draw.case(attributes, draw.uniform(shape, 0.1, 3), numpy=numpy)
        if "rdiv" in operator or "rtrue" in operator:
            low, high = draw.choice((-4, -0.1), (0.1, 4))
            return draw.case(attributes, draw.uniform(shape, low, high), numpy=numpy)
        data = draw.ties(shape, -3, 3, 12) if draw.flag() else draw.uniform(shape, -4, 4)
        return draw.case(attributes, data, numpy=numpy)

    return one


CASES: Mapping[str, Draws] = {
    operator.names[0]: tensor_and_number(operator.names[0]) for operator in GROUPS["scalar"]
}
