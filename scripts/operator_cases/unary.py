"""Cases of the mathematical functions of one tensor."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import DrawnInput, OperatorCase

# Where each function is defined; elsewhere MXNet gives NaN, and a few cases ask for that.
DOMAINS = {
    "sqrt": (0, 9),
    "rsqrt": (0.1, 9),
    "log": (0.01, 9),
    "log10": (0.01, 9),
    "log2": (0.01, 9),
    "log1p": (-0.99, 9),
    "arcsin": (-1, 1),
    "arccos": (-1, 1),
    "arccosh": (1, 9),
    "arctanh": (-0.99, 0.99),
    "erfinv": (-0.99, 0.99),
    "gammaln": (0.05, 20),
}
ROUNDING = ("sign", "round", "rint", "ceil", "floor", "trunc", "fix", "_npi_around")
KEEPS_INTEGERS = ("abs", "sign", "negative", "relu", "ceil", "floor", "trunc", "fix", "square")
SPECIAL_VALUES = ("nan", "inf", "-inf", 0, -0.5, 1, 2, -3)


def shape_of(draw: Draw) -> tuple[int, ...]:
    """Ranks 1 to 5, batches of 1 and 3; in numpy mode rank 0 and sizes of 0 too."""
    if is_numpy(draw) and draw.flag(0.2):
        return draw.choice((), (0,), (3, 0, 2))
    return (draw.choice(1, 3), *draw.shape(draw.integer(0, 4), 1, 4))


def is_numpy(draw: Draw) -> bool:
    return draw.name.startswith("_np")


def numbers(draw: Draw, operator: str) -> DrawnInput:
    shape = shape_of(draw)
    if operator in ROUNDING and draw.flag():
        return draw.ties(shape, -3, 3, 12)  # halves among them
    low, high = DOMAINS.get(operator, draw.choice((-1, 1), (-4, 4)))
    return draw.uniform(shape, low, high)


def plain(operator: str) -> Draws:
    """Cases of a function without attributes."""

    def one(draw: Draw) -> OperatorCase:
        if operator in KEEPS_INTEGERS and draw.number % 13 == 5:
            dtype = draw.choice("int32", "int64")
            return draw.case({}, draw.integers((3, 4), -9, 9, dtype), numpy=is_numpy(draw))
        if operator in DOMAINS and draw.number % 13 == 7:
            return draw.case({}, draw.uniform((3, 5), -4, 4), numpy=is_numpy(draw))
        return draw.case({}, numbers(draw, operator), numpy=is_numpy(draw))

    return one


def with_infinities(draw: Draw) -> OperatorCase:
    chosen = [draw.choice(*SPECIAL_VALUES) for _ in range(12)]
    return draw.case({}, draw.values(draw.choice((12,), (3, 4), (1, 2, 6)), chosen), numpy=True)


def gamma(draw: Draw) -> OperatorCase:
    low, high = draw.choice((0.1, 2), (1, 8), (-3.95, -3.05), (-0.95, -0.05))
    return draw.case({}, draw.uniform(shape_of(draw), low, high), numpy=is_numpy(draw))


def gammaln(draw: Draw) -> OperatorCase:
    low, high = draw.choice((0.05, 20), (0.05, 0.9), (2.2, 5), (-3.9, -3.1))
    return draw.case({}, draw.uniform(shape_of(draw), low, high), numpy=is_numpy(draw))


def logical_not(draw: Draw) -> OperatorCase:
    return draw.case({}, draw.ties(shape_of(draw), -2, 2, 4), numpy=is_numpy(draw))


def hard_sigmoid(draw: Draw) -> OperatorCase:
    attributes = {}
    if draw.flag():
        attributes["alpha"] = draw.choice(0.1, 0.25, 0.1666667, 0.7)
    if draw.flag():
        attributes["beta"] = draw.choice(0.5, 0.3, 0.0, 0.9)
    return draw.case(attributes, draw.uniform(shape_of(draw), -5, 5))


def clip(draw: Draw) -> OperatorCase:
    low = draw.choice(0, 0.1, -0.7, -1.0, "-inf", -1e-3)
    high = draw.choice(6, 0.2, 0.9, 1e3, "inf", 1)
    attributes = {"a_min": low, "a_max": high}
    whole = draw.choice(None, None, None, "int32", "int64")
    if whole:
        numbers = draw.integers(shape_of(draw), -2, 8, whole)
        return draw.case(attributes, numbers, numpy=is_numpy(draw))
    return draw.case(attributes, draw.uniform(shape_of(draw), -2, 8), numpy=is_numpy(draw))


def smooth_l1(draw: Draw) -> OperatorCase:
    attributes = {"scalar": draw.choice(1.0, 2, 0.5, 3.0, 0.1)} if draw.flag(0.8) else {}
    return draw.case(attributes, draw.uniform(shape_of(draw), -3, 3), numpy=is_numpy(draw))


def around(draw: Draw) -> OperatorCase:
    attributes = {"decimals": draw.choice(0, 1, 2, 3)} if draw.flag() else {}
    return draw.case(attributes, numbers(draw, "_npi_around"), numpy=True)


def nan_to_num(draw: Draw) -> OperatorCase:
    attributes = {}
    if draw.flag():
        attributes["nan"] = draw.choice(0, 2.5, -1)
    if draw.flag():
        attributes["posinf"] = draw.choice("None", 7, 1.5)
    if draw.flag():
        attributes["neginf"] = draw.choice("None", -7, 2.5)
    chosen = [draw.choice(*SPECIAL_VALUES) for _ in range(12)]
    return draw.case(attributes, draw.values((3, 4), chosen), numpy=True)


PLAIN = (
    "abs sign negative reciprocal relu sigmoid softsign round rint ceil floor trunc fix square "
    "sqrt rsqrt cbrt rcbrt exp expm1 log log10 log2 log1p sin cos tan arcsin arccos arctan sinh "
    "cosh tanh arcsinh arccosh arctanh degrees radians erf erfinv _contrib_div_sqrt_dim"
).split()
CASES: Mapping[str, Draws] = {
    **{operator: plain(operator) for operator in PLAIN},
    "gamma": gamma,
    "gammaln": gammaln,
    "logical_not": logical_not,
    "_npi_logical_not": logical_not,
    "_npi_isnan": with_infinities,
    "_npi_isinf": with_infinities,
    "_npi_isposinf": with_infinities,
    "_npi_isneginf": with_infinities,
    "_npi_isfinite": with_infinities,
    "hard_sigmoid": hard_sigmoid,
    "clip": clip,
    "smooth_l1": smooth_l1,
    "_npi_around": around,
    "_npi_nan_to_num": nan_to_num,
}
