"""Cases of normalisations by norms of the data themselves."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

NOT_IN_REFERENCE = ("_npx_group_norm",)


def l2_normalization(draw: Draw) -> OperatorCase:
    mode = draw.cycle(None, "instance", "channel", "spatial")
    attributes: dict[str, object] = {} if mode is None else {"mode": mode}
    if draw.flag():
        attributes["eps"] = draw.choice("1e-10", "1e-5", "0.01")
    shape = draw.shape(
        draw.choice(3, 4, 5) if mode in ("channel", "spatial") else draw.choice(1, 2, 3, 4)
    )
    return draw.case(attributes, draw.uniform(shape))


def lrn(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone, in four dimensions, with odd sizes."""
    attributes: dict[str, object] = {"nsize": draw.cycle(5, 3, 1)}
    if draw.flag(0.6):
        attributes["alpha"] = draw.choice("0.0001", "0.1", "2")
    if draw.flag(0.5):
        attributes["knorm"] = draw.choice("1", "2")
    if draw.flag(0.3):
        attributes["beta"] = draw.choice("0.5", "0.75")
    shape = (draw.choice(1, 3), draw.integer(1, 7), *draw.shape(2, 1, 3))
    return draw.case(attributes, draw.uniform(shape, -3, 3), runs=("float32",))


def group_norm(draw: Draw) -> OperatorCase:
    groups = draw.integer(1, 3)
    attributes: dict[str, object] = {}
    if groups > 1 or draw.flag():
        attributes["num_groups"] = groups
    if draw.flag():
        attributes["eps"] = draw.choice("1e-05", "0.001")
    if draw.flag(0.3):
        attributes["output_mean_var"] = draw.flag(0.8)
    channels = groups * draw.integer(1, 3)
    shape = (draw.choice(1, 3), channels, *draw.shape(draw.choice(1, 2, 3), 2, 3))
    size = (groups,)
    operands = draw.uniform(shape, -2, 2), draw.uniform(size, 0.5, 1.5), draw.uniform(size)
    return draw.case(attributes, *operands)


CASES = {"L2Normalization": l2_normalization, "LRN": lrn, "GroupNorm": group_norm}
