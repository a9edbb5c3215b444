"""Cases of the reductions of MXNet's numpy mode."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw, Draws
from scripts.operator_cases.reduction import axis_text
from verify.operators.operator_case import OperatorCase


def over_axes(operator: str) -> Draws:
    extremes = operator in ("_np_max", "_np_min")
    truth = operator in ("_np_any", "_np_all")
    spread = operator in ("_npi_var", "_npi_std")

    def one(draw: Draw) -> OperatorCase:
        shape = (draw.choice(1, 3), *draw.shape(draw.integer(0, 3), 1, 4))
        if draw.number % 10 == 7 and not spread:
            shape = draw.choice((), (0,)) if operator == "_np_sum" or truth else ()
        attributes: dict[str, object] = {}
        if shape and draw.flag(0.7):
            attributes["axis"] = axis_text(draw, len(shape))
        elif draw.flag(0.3):
            attributes["axis"] = draw.choice("None", "()")
        if draw.flag(0.4):
            attributes["keepdims"] = draw.flag()
        if draw.flag(0.2) and not extremes and not truth:
            attributes["dtype"] = draw.choice("float32", "float64", "None")
        if spread and draw.flag():
            attributes["ddof"] = 0 if 1 in shape else draw.choice(0, 1)
        if truth:
            data = draw.ties(shape, -1, 1, draw.choice(2, 4))
        elif "prod" in operator:
            data = draw.uniform(shape, 0.5, 2)
        elif operator == "_npi_mean" and shape and draw.flag(0.3):
            data = draw.integers(shape, -3, 9, draw.choice("int32", "int64"))
        else:
            data = draw.uniform(shape, -2, 2)
        return draw.case(attributes, data, numpy=True)

    return one


NAMES = "_np_sum _npi_mean _np_prod _np_max _np_min _npi_var _npi_std _np_any _np_all".split()
CASES: Mapping[str, Draws] = {name: over_axes(name) for name in NAMES}
