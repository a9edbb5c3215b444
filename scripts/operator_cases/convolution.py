"""Cases of convolutions and transposed convolutions."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import BOTH, OperatorCase

LAYOUTS = {1: "NCW", 2: "NCHW", 3: "NCDHW"}


def convolution(draw: Draw) -> OperatorCase:
    """MXNet runs NHWC on GPUs alone, and Convolution_v1 in two dimensions alone."""
    old = draw.name == "Convolution_v1"
    rank = 2 if old else draw.cycle(2, 1, 2, 3)
    groups = draw.choice(1, 1, 2, 3)
    inputs, filters = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
    kernel = draw.shape(rank, 1, 3)
    attributes: dict[str, object] = {"kernel": kernel, "num_filter": filters}
    if groups > 1 or draw.flag(0.3):
        attributes["num_group"] = groups
    if draw.flag(0.7):
        attributes["stride"] = draw.shape(rank, 1, 3)
    if draw.flag(0.7):
        attributes["pad"] = draw.shape(rank, 0, 2)
    if draw.flag(0.4):
        attributes["dilate"] = draw.shape(rank, 1, 2)
    if draw.flag(0.2) and not old:
        attributes["layout"] = LAYOUTS[rank]
    bias = draw.cycle(None, True, False, every=2)
    if bias is not None:
        attributes["no_bias"] = not bias
    size = draw.shape(rank, 5, 7 if rank < 3 else 5)
    operands = [
        draw.uniform((draw.choice(1, 3), inputs, *size)),
        draw.uniform((filters, inputs // groups, *kernel)),
    ]
    if bias is not False:
        operands.append(draw.uniform((filters,)))
    return draw.case(attributes, *operands)


def deconvolution(draw: Draw) -> OperatorCase:
    """MXNet runs three dimensions in float32 alone and a target shape in float64 alone."""
    rank = draw.cycle(2, 1, 2, 3)
    groups = draw.choice(1, 1, 2, 3)
    inputs, filters = groups * draw.integer(1, 2), groups * draw.integer(1, 2)
    kernel, stride = draw.shape(rank, 1, 4), draw.shape(rank, 1, 3)
    attributes: dict[str, object] = {"kernel": kernel, "num_filter": filters}
    if groups > 1 or draw.flag(0.3):
        attributes["num_group"] = groups
    if draw.flag(0.8):
        attributes["stride"] = stride
    else:
        stride = (1,) * rank
    size = draw.shape(rank, 3, 5 if rank < 3 else 4)
    pad = tuple(draw.integer(0, min(2, (length - 1) // 2)) for length in kernel)
    target = rank < 3 and draw.cycle(False, False, True, every=4)
    if target:
        attributes["target_shape"] = tuple(
            max(1, step * (length - 1) + width - draw.choice(*((0, 1, 2) if step > 1 else (0, 2))))
            for step, length, width in zip(stride, size, kernel, strict=True)
        )
    if draw.flag(0.7):
        attributes["pad"] = pad
    if not target and draw.flag():
        attributes["adj"] = tuple(draw.integer(0, step - 1) for step in stride)
    if draw.flag(0.2):
        attributes["layout"] = LAYOUTS[rank]
    bias = draw.cycle(None, True, False, every=2)
    if bias is not None:
        attributes["no_bias"] = not bias
    operands = [
        draw.uniform((draw.choice(1, 3), inputs, *size)),
        draw.uniform((inputs, filters // groups, *kernel)),
    ]
    if bias:
        operands.append(draw.uniform((filters,)))
    runs = ("float64",) if target else BOTH if rank < 3 else ("float32",)
    return draw.case(attributes, *operands, runs=runs)


CASES = {"Convolution": convolution, "Deconvolution": deconvolution}
