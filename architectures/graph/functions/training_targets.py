"""What a detector is trained for."""

from __future__ import annotations

import torch
from torch import Tensor


def multibox_target(
    anchors: Tensor,
    labels: Tensor,
    predictions: Tensor,
    overlap_threshold: float = 0.5,
    ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5,
    variances: tuple[float, float, float, float] = (0.1, 0.1, 0.2, 0.2),
) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets to learn (B, A * 4), their mask (B, A * 4), and the class of each anchor (B, A).

    ``anchors`` (1, A, 4) in corners; ``labels`` (B, G, 5 or more) as (class, corners), ended by a
    class of -1; ``predictions`` (B, classes, A), by which negatives are mined. Class 0 is the
    background.
    """
    valid = (labels[..., 0] != -1).cumprod(1).bool()  # (B, G)
    iou = label_overlaps(anchors, labels)  # (B, A, G)
    match = best_pairs(iou, valid)  # (B, A): the label that is matched, or -1
    overlap, nearest = torch.where(valid[:, None], iou, -1.0).max(2)
    if overlap_threshold > 0:
        match = torch.where((match < 0) & (overlap > overlap_threshold), nearest, match)
    positive = match >= 0
    negative = ~positive & valid[:, :1]
    if negative_mining_ratio > 0:
        background = predictions.detach().softmax(1)[:, 0]
        hard = negative & (overlap < negative_mining_thresh)
        order = torch.argsort(torch.where(hard, background, torch.inf), dim=1, stable=True)
        rank = torch.empty_like(order)
        rank.scatter_(1, order, torch.arange(order.shape[1], device=order.device).expand_as(order))
        wanted = (positive.sum(1, keepdim=True) * negative_mining_ratio).trunc()
        negative = hard & (rank < wanted)
    index = match.clamp(min=0)[..., None].expand(-1, -1, labels.shape[2])
    label = labels.gather(1, index)  # (B, A, 5 or more)
    low, high, size = anchors[..., :2], anchors[..., 2:], anchors[..., 2:] - anchors[..., :2]
    label_size = label[..., 3:5] - label[..., 1:3]
    moved = ((label[..., 1:3] + label[..., 3:5]) * 0.5 - (low + high) * 0.5) / size
    grown = torch.log(label_size / size)
    offsets = torch.cat((moved, grown), -1) / torch.tensor(variances).to(moved)
    mask = positive[..., None].expand_as(offsets)
    offsets = torch.where(mask, offsets, 0.0)
    target = torch.where(positive, label[..., 0] + 1, torch.where(negative, 0.0, ignore_label))
    return offsets.flatten(1), mask.to(offsets.dtype).flatten(1), target


def label_overlaps(anchors: Tensor, labels: Tensor) -> Tensor:
    """Intersection over union of anchors (1, A, 4) and labels (B, G, 5 or more): (B, A, G)."""
    a, b = anchors[:, :, None], labels[:, None, :, 1:5]
    low, high = a[..., :2].maximum(b[..., :2]), a[..., 2:].minimum(b[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    union = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1) - shared
    return torch.where(union == 0, 0.0, shared / union)


def best_pairs(iou: Tensor, valid: Tensor) -> Tensor:
    """The label of each anchor (B, A) when the best pairs of iou (B, A, G) are taken in turn.

    -1 for an anchor that no valid label (B, G) is left for. Of equal pairs the first counts.
    """
    count = iou.shape[2]
    match = torch.full(iou.shape[:2], -1, device=iou.device)
    free = valid
    for _ in range(count):
        open_pairs = (match < 0)[..., None] & free[:, None]
        best, place = torch.where(open_pairs, iou, -1.0).flatten(1).max(1, keepdim=True)
        anchor, label = place // count, place % count  # (B, 1)
        found = best > 1e-6
        match = match.scatter(1, anchor, torch.where(found, label, match.gather(1, anchor)))
        free = free & ~(found & (torch.arange(count, device=iou.device) == label))
    return match
