"""Cases of pooling."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def windows(draw: Draw, rank: int) -> dict[str, object]:
    """Kernel, stride and padding; padding beyond half of the kernel is among them."""
    kernel, stride = draw.shape(rank, 1, 4), draw.shape(rank, 1, 3)
    pad = tuple(draw.integer(0, min(2, size - 1)) for size in kernel)
    if draw.flag():
        kernel, stride, pad = (kernel[0],) * rank, (stride[0],) * rank, (pad[0],) * rank
    attributes: dict[str, object] = {"kernel": kernel}
    if draw.flag(0.8):
        attributes["stride"] = stride
    if draw.flag(0.6):
        attributes["pad"] = pad
    return attributes


def pooling(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 1, 2, 3)
    attributes = windows(draw, rank)
    kind = draw.choice(None, "max", "avg", "avg", "sum", "lp")
    if kind is not None:
        attributes["pool_type"] = kind
    if kind == "lp":
        attributes["p_value"] = draw.integer(1, 3)
    if draw.flag(0.6):
        attributes["pooling_convention"] = draw.choice("full", "full", "valid")
    if draw.flag():
        attributes["count_include_pad"] = draw.choice(True, False, False, None)
    if draw.flag(0.15):
        attributes["global_pool"] = True
        if draw.flag():
            attributes = {k: v for k, v in attributes.items() if k not in ("kernel", "stride")}
            attributes.pop("pad", None)
    shape = (draw.choice(1, 3), 2, *draw.shape(rank, 4, 7 if rank < 3 else 5))
    if draw.flag(0.2):
        attributes["layout"] = LAST[rank]
        shape = (shape[0], *shape[2:], 2)
    low = 0.1 if kind == "lp" else -2  # an even root of a power is no matter of signs
    return draw.case(attributes, draw.uniform(shape, low, 2))


def pooling_v1(draw: Draw) -> OperatorCase:
    attributes = windows(draw, 2)
    if draw.flag(0.8):
        attributes["pool_type"] = draw.choice("max", "avg", "sum")
    if draw.flag(0.6):
        attributes["pooling_convention"] = draw.choice("full", "valid")
    if draw.flag(0.15):
        attributes["global_pool"] = True
    return draw.case(attributes, draw.uniform((draw.choice(1, 3), 2, *draw.shape(2, 4, 7)), -2, 2))


def adaptive_average(draw: Draw) -> OperatorCase:
    attributes = {} if draw.flag(0.2) else {"output_size": draw.shape(draw.choice(1, 2), 1, 5)}
    return draw.case(attributes, draw.uniform((draw.choice(1, 3), 2, *draw.shape(2, 1, 8))))


CASES = {
    "Pooling": pooling,
    "Pooling_v1": pooling_v1,
    "_contrib_AdaptiveAvgPooling2D": adaptive_average,
}
