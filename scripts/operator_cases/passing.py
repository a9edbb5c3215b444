"""Cases of copies, casts, choices and sums of many."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import OperatorCase

FLOATS = ("float16", "float32", "float64")


def is_numpy(draw: Draw) -> bool:
    return draw.name.startswith("_np")


def shape_of(draw: Draw) -> tuple[int, ...]:
    if is_numpy(draw) and draw.flag(0.2):
        return draw.choice((), (0,), (3, 0, 2))
    return (draw.choice(1, 3), *draw.shape(draw.integer(0, 4), 1, 4))


def one_tensor(draw: Draw) -> OperatorCase:
    return draw.case({}, draw.uniform(shape_of(draw), -4, 4), numpy=is_numpy(draw))


def steps(draw: Draw) -> OperatorCase:
    return draw.case({}, draw.ties(shape_of(draw), -3, 3, 12))


def two_alike(draw: Draw) -> OperatorCase:
    shape = shape_of(draw)
    return draw.case({}, draw.uniform(shape), draw.uniform(shape))


def make_loss(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {}
    if draw.flag():
        attributes["grad_scale"] = draw.choice(1.0, 0.5, 2)
    if draw.flag():
        attributes["normalization"] = draw.choice("null", "batch", "valid")
    if draw.flag():
        attributes["valid_thresh"] = draw.choice(0, 0.1)
    return draw.case(attributes, draw.uniform(shape_of(draw), -4, 4))


def cast(draw: Draw) -> OperatorCase:
    """To integers from both sides of 0; from integers too."""
    dtype = draw.cycle(*FLOATS, "int32", "int64", "uint8", "int8", "bool", every=4)
    shape = shape_of(draw)
    if draw.flag(0.2):
        given = draw.choice("int32", "int64", "uint8")
        data = draw.integers(shape, 0, 100, given)
    elif dtype == "bool":
        data = draw.ties(shape, -1, 1, 4)
    else:
        data = draw.uniform(shape, 0 if dtype == "uint8" else -9, 9)
    return draw.case({"dtype": dtype}, data, numpy=is_numpy(draw))


def amp_cast(draw: Draw) -> OperatorCase:
    data = draw.uniform(shape_of(draw), -9, 9, draw.cycle("float32", "int32"))
    return draw.case({"dtype": "float32"}, data)


def add_n(draw: Draw) -> OperatorCase:
    count, shape = draw.integer(1, 5), shape_of(draw)
    attributes = {"num_args": count}
    return draw.case(attributes, *(draw.uniform(shape, -4, 4) for _ in range(count)))


def where(draw: Draw) -> OperatorCase:
    shape = shape_of(draw)
    rows = shape[:1] if draw.flag(0.3) else shape
    dtype = draw.choice(None, None, "int32", "float32")
    condition = draw.ties(rows, -1, 1, 4) if dtype is None else draw.integers(rows, 0, 2, dtype)
    return draw.case({}, condition, draw.uniform(shape), draw.uniform(shape))


def where_numpy(draw: Draw) -> OperatorCase:
    """Without sizes of 0, for which MXNet writes where it must not."""
    shape = tuple(size or 2 for size in shape_of(draw))
    shapes = [draw.broadcastable(shape) for _ in range(3)]
    condition = draw.integers(shapes[0], 0, 2, draw.choice(None, "bool", "int32"))
    return draw.case({}, condition, *(draw.uniform(one) for one in shapes[1:]), numpy=True)


def where_number(draw: Draw) -> OperatorCase:
    shape = shape_of(draw)
    attributes = {"scalar": draw.choice(0.5, 2, -1.25)} if draw.flag(0.8) else {}
    condition = draw.integers(draw.broadcastable(shape), 0, 2, draw.choice(None, "bool", "int32"))
    return draw.case(attributes, condition, draw.uniform(draw.broadcastable(shape)), numpy=True)


def gradient_multiplier(draw: Draw) -> OperatorCase:
    attributes = {"scalar": draw.choice(0.5, -1, 2.0)} if draw.flag(0.8) else {}
    return draw.case(attributes, draw.uniform(shape_of(draw), -4, 4))


CASES: Mapping[str, Draws] = {
    "_copy": one_tensor,
    "BlockGrad": one_tensor,
    "make_loss": one_tensor,
    "MakeLoss": make_loss,
    "_identity_with_attr_like_rhs": two_alike,
    "Cast": cast,
    "amp_cast": amp_cast,
    "zeros_like": one_tensor,
    "ones_like": one_tensor,
    "add_n": add_n,
    "where": where,
    "_npi_where": where_numpy,
    "_npi_where_lscalar": where_number,
    "_npi_where_rscalar": where_number,
    "_contrib_round_ste": steps,
    "_contrib_sign_ste": steps,
    "_contrib_gradientmultiplier": gradient_multiplier,
}
