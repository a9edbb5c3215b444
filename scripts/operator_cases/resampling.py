"""Cases of maps made larger, smaller, padded and cut."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

NOT_IN_REFERENCE = ("_npx_pad",)


def upsampling(draw: Draw) -> OperatorCase:
    batch, channels, (height, width) = draw.choice(1, 3), draw.integer(1, 2), draw.shape(2, 1, 3)
    scale = draw.integer(1, 3)
    if draw.cycle(True, False):
        size = 2 * scale - scale % 2
        attributes = {
            "scale": scale,
            "sample_type": "bilinear",
            "num_filter": channels,
            "num_args": 2,
        }
        weight = draw.uniform((channels, 1, size, size))
        return draw.case(attributes, draw.uniform((batch, channels, height, width)), weight)
    count = draw.integer(1, 2)
    attributes = {"sample_type": "nearest", "num_args": count, "scale": scale * count}
    mode = draw.choice(None, "concat", "sum")
    if mode is not None:
        attributes["multi_input_mode"] = mode
    maps = [draw.uniform((batch, channels, height, width))]
    if count == 2:
        more = channels if mode == "sum" else draw.integer(1, 3)
        maps.append(draw.uniform((batch, more, 2 * height, 2 * width)))
    return draw.case(attributes, *maps)


def bilinear_resize(draw: Draw) -> OperatorCase:
    mode = draw.cycle(
        None, "like", "size", "odd_scale", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"
    )
    shape = (draw.choice(1, 3), 1, *draw.shape(2, 2, 6))
    attributes: dict[str, object] = {} if mode is None else {"mode": mode}
    if mode in (None, "size") and draw.flag():
        attributes |= {"height": draw.integer(1, 7), "width": draw.integer(1, 7)}
    elif mode in (None, "size", "odd_scale"):
        attributes |= {"scale_height": draw.real(0.5, 2, 2), "scale_width": draw.real(0.5, 2, 2)}
    aligned = draw.cycle(None, False, True, every=8)
    if aligned is not None:
        attributes["align_corners"] = aligned
    maps = [draw.uniform(shape)]
    if mode == "like":
        maps.append(draw.uniform((shape[0], 1, *draw.shape(2, 1, 7))))
    return draw.case(attributes, *maps)


def pad(draw: Draw) -> OperatorCase:
    mode, rank = draw.cycle("constant", "edge", "reflect"), draw.choice(4, 4, 5)
    shape = (1, *draw.shape(rank - 1, 3, 3))
    widths = (0, 0, 0, 0, *(draw.integer(0, 2) for _ in range(2 * (rank - 2))))
    attributes: dict[str, object] = {"mode": mode, "pad_width": widths}
    if mode == "constant" and draw.flag():
        attributes["constant_value"] = draw.real(-2, 2)
    return draw.case(attributes, draw.uniform(shape))


def crop(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone."""
    batch, height, width = draw.choice(1, 3), draw.integer(4, 7), draw.integer(4, 7)
    size = draw.integer(1, height - 1), draw.integer(1, width - 1)
    maps = [draw.uniform((batch, draw.integer(1, 2), height, width))]
    attributes: dict[str, object] = {"num_args": 1}
    if draw.flag():
        attributes["num_args"] = 2
        maps.append(draw.uniform((batch, 1, *size)))
    else:
        attributes["h_w"] = size
    if draw.flag(0.4):
        attributes["center_crop"] = True
    elif draw.flag(0.6):
        attributes["offset"] = draw.integer(0, height - size[0]), draw.integer(0, width - size[1])
    return draw.case(attributes, *maps, runs=("float32",))


CASES = {
    "UpSampling": upsampling,
    "_contrib_BilinearResize2D": bilinear_resize,
    "Pad": pad,
    "Crop": crop,
}
