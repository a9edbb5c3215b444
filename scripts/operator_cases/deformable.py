"""Cases of convolutions that read at learnt places."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

NOT_IN_REFERENCE = ("_npx_deformable_convolution", "_npx_modulated_deformable_convolution")


def deformable(draw: Draw) -> OperatorCase:
    """Offsets reach over the border, and some are whole numbers."""
    masked = draw.name == "_contrib_ModulatedDeformableConvolution"
    groups, moved, batch = draw.choice(1, 2), draw.choice(1, 2), draw.choice(1, 1, 3)
    inputs, filters, kernel = 2, 2 * draw.integer(1, 2), draw.shape(2, 1, 3)
    stride, pad, dilate = draw.shape(2, 1, 2), draw.shape(2, 0, 1), draw.shape(2, 1, 2)
    size = draw.shape(2, 5, 6)
    attributes: dict[str, object] = {"kernel": kernel, "num_filter": filters}
    if draw.flag(0.7):
        attributes["stride"] = stride
    else:
        stride = (1, 1)
    if draw.flag(0.7):
        attributes["pad"] = pad
    else:
        pad = (0, 0)
    if draw.flag(0.5):
        attributes["dilate"] = dilate
    else:
        dilate = (1, 1)
    if groups > 1 or draw.flag(0.3):
        attributes["num_group"] = groups
    if moved > 1 or draw.flag(0.3):
        attributes["num_deformable_group"] = moved
    bias = draw.cycle(None, True, False)
    if bias is not None:
        attributes["no_bias"] = not bias
    parts = zip(size, kernel, stride, pad, dilate, strict=True)
    places = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in parts)
    shape = (batch, moved * 2 * kernel[0] * kernel[1], *places)
    offset = draw.ties(shape, -3, 3, 6) if draw.flag(0.3) else draw.uniform(shape, -2, 2)
    operands = [draw.uniform((batch, inputs, *size)), offset]
    if masked:
        operands.append(draw.uniform((batch, moved * kernel[0] * kernel[1], *places), 0, 1))
    operands.append(draw.uniform((filters, inputs // groups, *kernel)))
    if bias is not False:
        operands.append(draw.uniform((filters,)))
    return draw.case(attributes, *operands)


CASES = {
    "_contrib_DeformableConvolution": deformable,
    "_contrib_ModulatedDeformableConvolution": deformable,
}
