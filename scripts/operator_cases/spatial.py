"""Cases of spatial transformers, and of windows as columns."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def grid_generator(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone."""
    batch, size = draw.choice(1, 3), draw.shape(2, 2, 5)
    if draw.cycle(True, False):
        attributes: dict[str, object] = {"transform_type": "affine", "target_shape": size}
        return draw.case(attributes, draw.uniform((batch, 6), -2, 2), runs=("float32",))
    flow = draw.uniform((batch, 2, *size), -2, 2)
    return draw.case({"transform_type": "warp"}, flow, runs=("float32",))


def bilinear_sampler(draw: Draw) -> OperatorCase:
    batch, size, given = draw.choice(1, 3), draw.shape(2, 2, 5), draw.shape(2, 1, 4)
    data = draw.uniform((batch, draw.integer(1, 2), *size))
    return draw.case({}, data, draw.uniform((batch, 2, *given), -1.5, 1.5))


def spatial_transformer(draw: Draw) -> OperatorCase:
    batch, size, given = draw.choice(1, 3), draw.shape(2, 2, 5), draw.shape(2, 2, 4)
    attributes: dict[str, object] = {
        "transform_type": "affine",
        "sampler_type": "bilinear",
        "target_shape": given,
    }
    data = draw.uniform((batch, draw.integer(1, 2), *size))
    return draw.case(attributes, data, draw.uniform((batch, 6)))


def columns(draw: Draw) -> OperatorCase:
    kernel, stride, pad = draw.shape(2, 1, 3), draw.shape(2, 1, 2), draw.shape(2, 0, 1)
    dilate, size = draw.shape(2, 1, 2), draw.shape(2, 5, 6)
    attributes: dict[str, object] = {"kernel": kernel}
    if draw.flag():
        attributes["stride"] = stride
    else:
        stride = (1, 1)
    if draw.flag():
        attributes["pad"] = pad
    else:
        pad = (0, 0)
    if draw.flag():
        attributes["dilate"] = dilate
    else:
        dilate = (1, 1)
    batch, channels = draw.choice(1, 3), draw.integer(1, 2)
    if draw.name == "im2col":
        return draw.case(attributes, draw.uniform((batch, channels, *size)))
    parts = zip(size, kernel, stride, pad, dilate, strict=True)
    counts = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in parts]
    attributes["output_size"] = size
    shape = (batch, channels * kernel[0] * kernel[1], counts[0] * counts[1])
    return draw.case(attributes, draw.uniform(shape))


def correlation(draw: Draw) -> OperatorCase:
    kernel, reach, pad = draw.choice(1, 1, 3), draw.integer(1, 2), draw.integer(0, 2)
    least = 2 * (reach + kernel // 2) + 2 - 2 * pad
    size = draw.shape(2, max(least, 3), max(least, 3) + 1)
    attributes: dict[str, object] = {}
    if kernel != 1 or draw.flag(0.3):
        attributes["kernel_size"] = kernel
    if reach != 1 or draw.flag(0.3):
        attributes["max_displacement"] = reach
    if pad != 0 or draw.flag(0.3):
        attributes["pad_size"] = pad
    if draw.flag(0.4):
        attributes["stride1"] = draw.integer(1, 2)
    if draw.flag(0.4):
        attributes["stride2"] = draw.integer(1, 2)
    if draw.flag(0.5):
        attributes["is_multiply"] = draw.flag()
    shape = (draw.choice(1, 1, 3), draw.integer(1, 3), *size)
    return draw.case(attributes, draw.uniform(shape), draw.uniform(shape))


CASES = {
    "im2col": columns,
    "col2im": columns,
    "Correlation": correlation,
    "GridGenerator": grid_generator,
    "BilinearSampler": bilinear_sampler,
    "SpatialTransformer": spatial_transformer,
}
