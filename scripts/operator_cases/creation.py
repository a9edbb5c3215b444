"""Cases of operators that make a tensor from numbers: without inputs, so in one run."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

DTYPES = ("float32", "float64", "float16", "int32", "int64", "int8", "uint8")
ONE_RUN = ("float64",)


def made(draw: Draw, attributes: Mapping[str, object], *dtypes: str) -> OperatorCase:
    """The case with a dtype and a context, or without."""
    more: dict[str, object] = {}
    dtype = draw.cycle(None, *(dtypes or DTYPES), "float32")
    if dtype is not None:
        more["dtype"] = dtype
    if draw.flag(0.3):
        more["ctx"] = draw.choice("cpu(0)", "gpu(0)")
    numpy = "_np" in draw.name
    return draw.case({**attributes, **more}, runs=ONE_RUN, numpy=numpy)


def some_shape(draw: Draw) -> tuple[int, ...]:
    """Sizes, of which one may be 0 in numpy mode."""
    low = 0 if "_np" in draw.name else 1
    return draw.shape(draw.integer(low, 4), low, 3)


def zeros(draw: Draw) -> OperatorCase:
    return made(draw, {"shape": some_shape(draw)}, *DTYPES, "bool")


def full(draw: Draw) -> OperatorCase:
    value = draw.choice(0, 1, 0.1, 2.75, 7, 1e-05, 100)
    return made(draw, {"shape": some_shape(draw), "value": value}, *DTYPES, "bool")


def arange(draw: Draw) -> OperatorCase:
    count = draw.integer(1, 8)
    whole = draw.cycle(True, False)
    step = draw.choice(1, 2, -1, 3) if whole else draw.choice(0.5, 0.1, 0.7, -0.3)
    start = draw.integer(-2, 5) if whole else draw.real(-1, 3, 2)
    attributes: dict[str, object] = {"start": start, "stop": start + step * count}
    if draw.flag(0.1):
        attributes, step = {"start": 0, "stop": 1}, 1
    elif draw.flag(0.2):
        attributes, step = {"start": count}, 1
        if draw.flag():
            attributes["stop"] = None
    if step != 1 or draw.flag():
        attributes["step"] = step
    if draw.flag():
        attributes["repeat"] = 1 if "_np" in draw.name else draw.choice(1, 2, 3)
    if "stop" in attributes and attributes["stop"] is not None and draw.flag():
        attributes["infer_range"] = draw.flag()
    elif draw.flag():
        attributes["infer_range"] = False
    dtypes = ("float32", "float64", "int32", "int64") if whole else ("float32", "float64")
    return made(draw, attributes, *dtypes, *(DTYPES[2:] if whole and start >= 0 < step else ()))


def linspace(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {
        "start": draw.choice(0, 1, 0.1, -2.5),
        "stop": draw.choice(1, 5, 0.7, -3.5, 10),
        "num": draw.choice(1, 2, 5, 12, 33),
    }
    if draw.flag():
        attributes["endpoint"] = draw.flag()
    return made(draw, attributes, "float32", "float64", "int32")


def eye(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {"N": draw.integer(1, 4)}
    if draw.flag():
        attributes["M"] = draw.integer(1, 4) if draw.flag(0.8) else "_np" in draw.name and None
    if draw.flag():
        attributes["k"] = draw.integer(-2, 3)
    if attributes.get("M") is False:
        attributes["M"] = 0
    return made(draw, attributes)


def indices(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 4)
    return made(draw, {"dimensions": sizes}, "int32", "int64", "float32", "float64")


def identity_matrix(draw: Draw) -> OperatorCase:
    side = draw.integer(1, 6)
    return made(draw, {"shape": (side, side)})


def logspace(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {
        "start": draw.choice(0, 1, 0.1, -2.5),
        "stop": draw.choice(1, 2, 0.7, -1.5),
        "num": draw.choice(1, 2, 5, 9),
    }
    if draw.flag():
        attributes["endpoint"] = draw.flag()
    if draw.flag():
        attributes["base"] = draw.choice(2, 10, 2.5)
    return made(draw, attributes, "float32", "float64")


CASES = {
    "_zeros": zeros,
    "_ones": zeros,
    "_full": full,
    "_arange": arange,
    "_linspace": linspace,
    "_eye": eye,
    "_npi_indices": indices,
    "_npi_identity": identity_matrix,
    "_npi_logspace": logspace,
}
COUNTS = {"_arange": 100, "_full": 60, "_zeros": 60, "_ones": 60}
