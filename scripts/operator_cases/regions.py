"""Cases of regions of feature maps."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import BOTH, DrawnInput, OperatorCase


def rois(draw: Draw, count: int, images: int, reach: float, rounded: bool = False) -> DrawnInput:
    """(image, corners), some of them outside of the map."""
    low = -0.2 * reach
    boxes = draw.boxes((), low, 1.2 * reach)
    if rounded:  # halves, which rounding must not treat as Python does
        boxes = draw.ties((), -2, 14, 32)
    return draw.columns((count, 5), (1, draw.integers((), 0, images)), (4, boxes))


def roi_align(draw: Draw) -> OperatorCase:
    images, height, width = draw.choice(1, 3), draw.integer(1, 7), draw.integer(1, 7)
    size = (draw.integer(1, 3), draw.integer(1, 3))
    channels, scale = draw.integer(1, 3), draw.choice(1.0, 0.5, 0.0625, 0.3)
    attributes: dict[str, object] = {"pooled_size": size, "spatial_scale": scale}
    if draw.flag(0.8):
        attributes["sample_ratio"] = draw.cycle(2, -1, 0, 1, 3)
    if draw.flag(0.7):
        attributes["position_sensitive"] = draw.cycle("True", "False")
        if attributes["position_sensitive"] == "True":
            channels *= size[0] * size[1]
    if draw.flag(0.7):
        attributes["aligned"] = draw.cycle("True", "False", every=2)
    regions = rois(draw, draw.integer(1, 4), images, max(height, width) / scale)
    data = draw.uniform((images, channels, height, width))
    return draw.case(attributes, data, regions)


def rotated_roi_align(draw: Draw) -> OperatorCase:
    images, height, width = draw.choice(1, 3), draw.integer(1, 7), draw.integer(1, 7)
    scale = draw.choice(1.0, 0.5, 0.3)
    attributes: dict[str, object] = {
        "pooled_size": (draw.integer(1, 3), draw.integer(1, 3)),
        "spatial_scale": scale,
    }
    if draw.flag(0.8):
        attributes["sampling_ratio"] = draw.cycle(2, -1, 0, 1, 3)
    reach = max(height, width) / scale
    regions = draw.columns(
        (draw.integer(1, 4), 6),
        (1, draw.integers((), 0, images)),
        (2, draw.uniform((), 0, reach)),
        (2, draw.uniform((), 0.1, reach)),
        (1, draw.uniform((), -180, 180)),
    )
    return draw.case(attributes, draw.uniform((images, 2, height, width)), regions)


def roi_pooling(draw: Draw) -> OperatorCase:
    images, height, width = draw.choice(1, 3), draw.integer(1, 9), draw.integer(1, 9)
    scale = draw.choice(1.0, 0.5, 0.0625, 0.3)
    size = (draw.integer(1, 4), draw.cycle(1, 2, 3, 7))
    regions = rois(
        draw, draw.integer(1, 4), images, max(height, width) / scale, draw.cycle(False, True)
    )
    return draw.case(
        {"pooled_size": size, "spatial_scale": scale},
        draw.uniform((images, 2, height, width)),
        regions,
    )


def psroi_pooling(draw: Draw) -> OperatorCase:
    images, height, width = draw.choice(1, 3), draw.integer(1, 7), draw.integer(1, 7)
    size, scale, channels = draw.integer(1, 3), draw.choice(1.0, 0.5, 0.3), draw.integer(1, 2)
    attributes: dict[str, object] = {
        "spatial_scale": scale,
        "output_dim": channels,
        "pooled_size": size,
    }
    groups = size
    if draw.flag():
        groups = attributes["group_size"] = draw.cycle(1, 2, 3)
    regions = rois(
        draw, draw.integer(1, 3), images, max(height, width) / scale, draw.cycle(False, True)
    )
    data = draw.uniform((images, channels * groups * groups, height, width))
    runs = BOTH if scale != 0.3 else BOTH[:1]  # in float32 some regions end at another pixel
    return draw.case(attributes, data, regions, runs=runs)


CASES = {
    "_contrib_ROIAlign": roi_align,
    "_contrib_RROIAlign": rotated_roi_align,
    "ROIPooling": roi_pooling,
    "_contrib_PSROIPooling": psroi_pooling,
}
