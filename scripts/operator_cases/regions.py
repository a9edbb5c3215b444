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


def deformable_psroi_pooling(draw: Draw) -> OperatorCase:
    images, height, width = draw.choice(1, 3), draw.integer(2, 7), draw.integer(2, 7)
    size, scale, classes = draw.integer(1, 3), draw.choice(1.0, 0.5, 0.3), draw.choice(1, 2)
    channels, groups = classes * draw.choice(1, 2), draw.choice(size, size, 2)
    attributes: dict[str, object] = {
        "spatial_scale": scale,
        "output_dim": channels,
        "pooled_size": size,
        "group_size": groups,
    }
    parts = size
    if draw.flag():
        parts = attributes["part_size"] = draw.choice(size, 1, 2)
    if draw.flag(0.7):
        attributes["sample_per_part"] = draw.integer(1, 4)
    count = draw.integer(1, 3)
    operands = [
        draw.uniform((images, channels * groups * groups, height, width)),
        rois(draw, count, images, max(height, width) / scale, draw.cycle(False, True)),
    ]
    if draw.cycle(True, False, False):
        attributes["no_trans"] = "True"
    else:
        operands.append(draw.uniform((count, 2 * classes, parts, parts)))
        if draw.flag(0.8):
            attributes["trans_std"] = draw.choice(0.1, 0.5)
    runs = BOTH if scale != 0.3 else BOTH[:1]
    return draw.case(attributes, *operands, runs=runs)


def region_proposals(draw: Draw) -> OperatorCase:
    """MXNet has float32 alone, and no order among equal scores."""
    batch = 1 if draw.name == "_contrib_Proposal" else draw.choice(1, 3)
    height, width, stride = draw.integer(1, 4), draw.integer(1, 4), draw.choice(4, 16)
    scales, ratios = draw.choice((4, 8), (2,), (1, 2, 4)), draw.choice((0.5, 1, 2), (1,))
    anchors = len(scales) * len(ratios)
    attributes: dict[str, object] = {
        "scales": scales,
        "ratios": ratios,
        "feature_stride": stride,
        "rpn_post_nms_top_n": draw.integer(1, 12),
        "rpn_min_size": draw.choice(0, 1, 2),
    }
    if draw.flag():
        attributes["rpn_pre_nms_top_n"] = draw.choice(-1, 3, 8, 20)
    if draw.flag():
        attributes["threshold"] = draw.choice(0.3, 0.5, 0.9)
    if draw.flag(0.3):
        attributes["iou_loss"] = "True"
    if draw.flag():
        attributes["output_score"] = draw.choice("True", "False")
    least = height
    if height * width * anchors <= 16:  # of more, MXNet keeps no order among the places outside
        least = 1
    info = draw.columns(
        (batch, 3),
        (1, draw.uniform((), least * stride, (height + 0.9) * stride)),
        (1, draw.uniform((), width * stride, (width + 0.9) * stride)),
        (1, draw.uniform((), 0.5, 1.5)),
    )
    return draw.case(
        attributes,
        draw.uniform((batch, 2 * anchors, height, width), 0, 1),
        draw.uniform((batch, 4 * anchors, height, width), -0.5, 0.5),
        info,
        runs=("float32",),
    )


CASES = {
    "_contrib_MultiProposal": region_proposals,
    "_contrib_DeformablePSROIPooling": deformable_psroi_pooling,
    "_contrib_ROIAlign": roi_align,
    "_contrib_RROIAlign": rotated_roi_align,
    "ROIPooling": roi_pooling,
    "_contrib_PSROIPooling": psroi_pooling,
}
