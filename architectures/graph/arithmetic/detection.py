"""Attributes that MXNet keeps in float32, and operators that it has in float32 alone.

MXNet's parameters of type float are float32 whatever the data are (src/operator/contrib and
src/operator/sequence_mask-inl.h): thresholds, scales, variances.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from architectures.graph.functions import (
    anchors,
    lengths,
    proposals,
    region_pooling,
    suppression,
    training_targets,
)


def rounded(value: float) -> float:
    """A number as float32 holds it."""
    return torch.tensor(value, dtype=torch.float32).item()


def box_nms_float32_limits(
    data: Tensor, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, **kwargs: Any
) -> tuple[Tensor, Tensor]:
    return suppression.box_nms(data, rounded(overlap_thresh), rounded(valid_thresh), **kwargs)


def box_decode_float32_stds(
    offsets: Tensor, boxes: Tensor, stds: tuple[float, ...], clip: float = -1.0, **kwargs: Any
) -> Tensor:
    a, b, c, d = map(rounded, stds)
    return anchors.box_decode(offsets, boxes, (a, b, c, d), rounded(clip), **kwargs)


def bipartite_matching_float32_limit(
    scores: Tensor, threshold: float, **kwargs: Any
) -> tuple[Tensor, Tensor]:
    return anchors.bipartite_matching(scores, rounded(threshold), **kwargs)


def multibox_prior_float32(features: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return anchors.multibox_prior(features.float(), *args, **kwargs).to(features.dtype)


def multibox_detection_float32(
    probabilities: Tensor, offsets: Tensor, boxes: Tensor, **kwargs: Any
) -> Tensor:
    found = suppression.multibox_detection(
        probabilities.float(), offsets.float(), boxes.float(), **kwargs
    )
    return found.to(probabilities.dtype)


def roi_align_float32_scale(
    features: Tensor, rois: Tensor, size: tuple[int, int], scale: float, **kwargs: Any
) -> Tensor:
    return region_pooling.roi_align(features, rois, size, rounded(scale), **kwargs)


def rotated_roi_align_float32_scale(
    features: Tensor, rois: Tensor, size: tuple[int, int], scale: float, **kwargs: Any
) -> Tensor:
    return region_pooling.rotated_roi_align(features, rois, size, rounded(scale), **kwargs)


def roi_pooling_float32_scale(
    features: Tensor, rois: Tensor, size: tuple[int, int], scale: float
) -> Tensor:
    return region_pooling.roi_pooling(features, rois, size, rounded(scale))


def psroi_pooling_float32_scale(
    features: Tensor, rois: Tensor, channels: int, size: int, scale: float, group_size: int = 0
) -> Tensor:
    return region_pooling.psroi_pooling(features, rois, channels, size, rounded(scale), group_size)


def sequence_mask_float32_value(x: Tensor, ends: Tensor, value: float, axis: int = 0) -> Tensor:
    return lengths.sequence_mask(x, ends, rounded(value), axis)


def multibox_target_float32(
    boxes: Tensor, labels: Tensor, predictions: Tensor, **kwargs: Any
) -> tuple[Tensor, ...]:
    inputs = boxes.float(), labels.float(), predictions.float()
    found = training_targets.multibox_target(*inputs, **kwargs)
    return tuple(part.to(boxes.dtype) for part in found)


def region_proposals_float32(
    scores: Tensor, offsets: Tensor, im_info: Tensor, **kwargs: Any
) -> tuple[Tensor, ...]:
    inputs = scores.float(), offsets.float(), im_info.float()
    found = proposals.region_proposals(*inputs, **kwargs)
    return tuple(part.to(scores.dtype) for part in found)


def deformable_psroi_pooling_float32_scales(
    features: Tensor,
    rois: Tensor,
    trans: Tensor | None,
    channels: int,
    size: int,
    scale: float,
    groups: int,
    trans_std: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, Tensor]:
    scale, trans_std = rounded(scale), rounded(trans_std)
    return region_pooling.deformable_psroi_pooling(
        features, rois, trans, channels, size, scale, groups, trans_std=trans_std, **kwargs
    )
