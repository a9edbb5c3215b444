"""Regions of feature maps (MXNet src/operator/roi_pooling.cc and src/operator/contrib)."""

from __future__ import annotations

from math import prod

from architectures.graph.attributes import flag, integer, number, numbers, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.operator import Call, Dims, Operator


def roi_align(call: Call) -> Expression:
    kwargs = {
        name: call[name]
        for name, default in (
            ("sample_ratio", -1),
            ("position_sensitive", False),
            ("aligned", False),
        )
        if call[name] != default
    }
    args = (*call.inputs, pooled_size(call), call["spatial_scale"])
    return Apply("roi_align", args, kwargs, exact="roi_align_float32_scale")


def roi_align_shape(call: Call) -> tuple[Dims | None, ...]:
    groups = prod(pooled_size(call)) if call["position_sensitive"] else 1
    return pooled_shape(call, groups)


def pooled_shape(call: Call, groups: int = 1) -> tuple[Dims | None, ...]:
    """(R, C, PH, PW)."""
    data, rois = call.shapes[:2]
    channels = None if data is None or data[1] is None else data[1] // groups
    return ((None if rois is None else rois[0], channels, *pooled_size(call)),)


def pooled_size(call: Call) -> tuple[int, int]:
    size: tuple[int, ...] = call["pooled_size"]
    if len(size) != 2:
        raise call.refuse(f"pooled_size is {size}; expected two integers, (height, width)")
    return size[0], size[1]


def rotated_roi_align(call: Call) -> Expression:
    kwargs = {} if call["sampling_ratio"] == -1 else {"sampling_ratio": call["sampling_ratio"]}
    args = (*call.inputs, pooled_size(call), call["spatial_scale"])
    return Apply("rotated_roi_align", args, kwargs, exact="rotated_roi_align_float32_scale")


def roi_pooling(call: Call) -> Expression:
    args = (*call.inputs, pooled_size(call), call["spatial_scale"])
    return Apply("roi_pooling", args, exact="roi_pooling_float32_scale")


def psroi_pooling(call: Call) -> Expression:
    args = (*call.inputs, call["output_dim"], call["pooled_size"], call["spatial_scale"])
    kwargs = {"group_size": call["group_size"]} if call["group_size"] else {}
    return Apply("psroi_pooling", args, kwargs, exact="psroi_pooling_float32_scale")


def psroi_pooling_shape(call: Call) -> tuple[Dims | None, ...]:
    rois, size = call.shapes[1], call["pooled_size"]
    return ((None if rois is None else rois[0], call["output_dim"], size, size),)


def deformable_psroi_pooling(call: Call) -> Expression:
    """Without ``trans`` the bins stay where they are. The second output counts the samples."""
    trans = None if call["no_trans"] else call.input(2)
    sizes = (call["output_dim"], call["pooled_size"], call["spatial_scale"], call["group_size"])
    kwargs = {
        name: call[name]
        for name, default in (("part_size", 0), ("sample_per_part", 1), ("trans_std", 0.0))
        if call[name] != default
    }
    return Apply(
        "deformable_psroi_pooling",
        (*call.inputs[:2], trans, *sizes),
        kwargs,
        exact="deformable_psroi_pooling_float32_scales",
    )


def deformable_psroi_pooling_shape(call: Call) -> tuple[Dims | None, ...]:
    return psroi_pooling_shape(call) * 2


def region_proposals(call: Call) -> Expression:
    """Of equal scores the first counts; MXNet's order among them is that of an unstable sort."""
    kwargs = {
        name: call[name] for name, default in PROPOSAL_DEFAULTS.items() if call[name] != default
    }
    return Apply("region_proposals", call.inputs, kwargs, exact="region_proposals_float32")


def region_proposals_shape(call: Call) -> tuple[Dims | None, ...]:
    scores, count = call.shapes[0], call["rpn_post_nms_top_n"]
    batch = None if scores is None else scores[0]
    rows = None if batch is None else batch * count
    return ((rows, 5), (rows, 1))


PROPOSAL_DEFAULTS = {
    "rpn_pre_nms_top_n": 6000,
    "rpn_post_nms_top_n": 300,
    "threshold": 0.7,
    "rpn_min_size": 16,
    "scales": (4.0, 8.0, 16.0, 32.0),
    "ratios": (0.5, 1.0, 2.0),
    "feature_stride": 16,
    "iou_loss": False,
}

OPERATORS = (
    Operator(
        ("_contrib_MultiProposal", "_contrib_Proposal"),
        "src/operator/contrib/multi_proposal.cc",
        region_proposals,
        region_proposals_shape,
        {
            "rpn_pre_nms_top_n": integer(6000),
            "rpn_post_nms_top_n": integer(300),
            "threshold": number(0.7),
            "rpn_min_size": integer(16),
            "scales": numbers((4.0, 8.0, 16.0, 32.0)),
            "ratios": numbers((0.5, 1.0, 2.0)),
            "feature_stride": integer(16),
            "iou_loss": flag(False),
        },
        ignored=("output_score",),
        inputs=("cls_prob", "bbox_pred", "im_info"),
        outputs=2,
    ),
    Operator(
        ("_contrib_DeformablePSROIPooling",),
        "src/operator/contrib/deformable_psroi_pooling.cc",
        deformable_psroi_pooling,
        deformable_psroi_pooling_shape,
        {
            "spatial_scale": number(),
            "output_dim": integer(),
            "group_size": integer(),
            "pooled_size": integer(),
            "part_size": integer(0),
            "sample_per_part": integer(1),
            "trans_std": number(0.0),
            "no_trans": flag(False),
        },
        inputs=("data", "rois", "trans"),
        outputs=2,
    ),
    Operator(
        ("_contrib_ROIAlign",),
        "src/operator/contrib/roi_align.cc",
        roi_align,
        roi_align_shape,
        {
            "pooled_size": shape(),
            "spatial_scale": number(),
            "sample_ratio": integer(-1),
            "position_sensitive": flag(False),
            "aligned": flag(False),
        },
        inputs=("data", "rois"),
    ),
    Operator(
        ("_contrib_RROIAlign",),
        "src/operator/contrib/rroi_align.cc",
        rotated_roi_align,
        pooled_shape,
        {"pooled_size": shape(), "spatial_scale": number(), "sampling_ratio": integer(-1)},
        inputs=("data", "rois"),
    ),
    Operator(
        ("ROIPooling", "_npx_roi_pooling"),
        "src/operator/roi_pooling.cc",
        roi_pooling,
        pooled_shape,
        {"pooled_size": shape(), "spatial_scale": number()},
        inputs=("data", "rois"),
    ),
    Operator(
        ("_contrib_PSROIPooling",),
        "src/operator/contrib/psroi_pooling.cc",
        psroi_pooling,
        psroi_pooling_shape,
        {
            "spatial_scale": number(),
            "output_dim": integer(),
            "pooled_size": integer(),
            "group_size": integer(0),
        },
        inputs=("data", "rois"),
    ),
)
