"""Cases of reductions over axes."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import DrawnInput, OperatorCase


def data_shape(draw: Draw) -> tuple[int, ...]:
    return (draw.choice(1, 3), *draw.shape(draw.integer(0, 3), 1, 4))


def some_axes(draw: Draw, rank: int) -> tuple[int, ...]:
    """Axes in any order, some of them counted from the end."""
    chosen = [axis for axis in range(rank) if draw.flag()] or [rank - 1]
    if draw.flag(0.3):
        chosen.reverse()
    return tuple(axis - rank if draw.flag(0.3) else axis for axis in chosen)


def axis_text(draw: Draw, rank: int) -> str:
    axes = some_axes(draw, rank)
    if len(axes) == 1 and draw.flag(0.6):
        return str(axes[0])
    return str(list(axes)) if draw.flag(0.2) else str(axes)


def drawn(draw: Draw, operator: str, shape: tuple[int, ...]) -> DrawnInput:
    if "nan" in operator:
        count = 1
        for size in shape:
            count *= size
        values = [draw.choice("nan", draw.real(-2, 2), draw.real(-2, 2)) for _ in range(count)]
        return draw.values(shape, values)
    if "prod" in operator:
        return draw.uniform(shape, 0.5, 2)
    if draw.number % 9 == 4 and operator not in ("mean", "norm", "moments"):
        return draw.integers(shape, -5, 6, draw.choice("int32", "int64"))
    return draw.ties(shape, -2, 2, 5) if draw.flag(0.3) else draw.uniform(shape, -2, 2)


def over_axes(operator: str) -> Draws:
    def one(draw: Draw) -> OperatorCase:
        shape = data_shape(draw)
        attributes: dict[str, object] = {}
        kind = draw.cycle("axis", "axis", "none", "axis", "exclude", "empty")
        if kind in ("axis", "exclude"):
            attributes["axis"] = axis_text(draw, len(shape))
        if kind == "exclude":
            attributes["exclude"] = draw.choice("True", "1", "False")
        if kind == "empty":
            attributes["axis"] = draw.choice("()", "None")
        if draw.flag(0.4):
            attributes["keepdims"] = draw.choice("True", "False", "1")
        return draw.case(attributes, drawn(draw, operator, shape))

    return one


def norm(draw: Draw) -> OperatorCase:
    shape = data_shape(draw)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["axis"] = str(some_axes(draw, len(shape))[:2])
    if draw.flag():
        attributes["ord"] = draw.choice(1, 2)
    if draw.flag(0.4):
        attributes["keepdims"] = draw.flag()
    if draw.number % 10 == 3:
        attributes["out_dtype"] = "float32"
        return draw.case(attributes, draw.uniform(shape, -2, 2), runs=("float32",))
    return draw.case(attributes, draw.uniform(shape, -2, 2))


def index(draw: Draw) -> OperatorCase:
    shape = data_shape(draw)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["axis"] = draw.integer(-len(shape), len(shape) - 1)
    if draw.flag(0.4):
        attributes["keepdims"] = draw.flag()
    data = draw.ties(shape, -2, 2, 4) if draw.flag() else draw.uniform(shape, -2, 2)
    return draw.case(attributes, data, numpy=draw.name.startswith("_np"))


def argmax_channel(draw: Draw) -> OperatorCase:
    shape = (draw.choice(1, 3), draw.integer(1, 7), *draw.shape(draw.integer(0, 2), 1, 3))
    return draw.case({}, draw.ties(shape, -2, 2, 6) if draw.flag() else draw.uniform(shape))


def moments(draw: Draw) -> OperatorCase:
    shape = (draw.choice(1, 3), *draw.shape(draw.integer(0, 3), 1, 4))
    attributes: dict[str, object] = {"axes": str(tuple(sorted(set(positive(draw, len(shape))))))}
    if draw.flag():
        attributes["keepdims"] = draw.flag()
    return draw.case(attributes, draw.uniform(shape, -2, 2))


def positive(draw: Draw, rank: int) -> list[int]:
    return [axis for axis in range(rank) if draw.flag()] or [0]


def cumulative(draw: Draw) -> OperatorCase:
    shape = data_shape(draw)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["axis"] = draw.integer(0, len(shape) - 1)
    if draw.flag(0.2):
        attributes["dtype"] = draw.choice("float32", "float64")
    return draw.case(attributes, draw.uniform(shape, -2, 2))


NAMES = "sum mean prod nansum nanprod max min".split()
CASES: Mapping[str, Draws] = {
    **{name: over_axes(name) for name in NAMES},
    "norm": norm,
    **{name: index for name in ("argmax", "argmin", "_npi_argmax", "_npi_argmin")},
    "argmax_channel": argmax_channel,
    "moments": moments,
    "_np_cumsum": cumulative,
}
