"""Overlaps of boxes, and non-maximum suppression in MXNet's order, with its rows of -1."""

from __future__ import annotations

import torch
from torch import Tensor


def box_iou(a: Tensor, b: Tensor, format: str = "corner") -> Tensor:
    """Intersection over union of boxes (..., 4) with boxes (---, 4): (..., ---)."""
    a_boxes, b_boxes = a.reshape(-1, 1, 4), b.reshape(1, -1, 4)
    union = box_area(a_boxes, format) + box_area(b_boxes, format)
    shared = box_intersection(a_boxes, b_boxes, format)  # (A, B)
    iou = torch.where(shared > 0, shared / (union - shared), torch.zeros_like(shared))
    return iou.reshape(a.shape[:-1] + b.shape[:-1])


def box_intersection(a: Tensor, b: Tensor, format: str) -> Tensor:
    """The area that boxes (..., 4) have in common; their shapes broadcast."""
    if format == "center":
        a_half, b_half = a[..., 2:] / 2, b[..., 2:] / 2
        low = torch.maximum(a[..., :2] - a_half, b[..., :2] - b_half)
        high = torch.minimum(a[..., :2] + a_half, b[..., :2] + b_half)
    else:
        low = torch.maximum(a[..., :2], b[..., :2])
        high = torch.minimum(a[..., 2:], b[..., 2:])
    sides = (high - low).clamp(min=0)
    return sides[..., 0] * sides[..., 1]


def box_area(boxes: Tensor, format: str) -> Tensor:
    """The area of boxes (..., 4), 0 for one that is turned inside out."""
    sides = boxes[..., 2:] if format == "center" else boxes[..., 2:] - boxes[..., :2]
    area = sides[..., 0] * sides[..., 1]
    return torch.where((sides < 0).any(-1), torch.zeros_like(area), area)


def box_nms(
    data: Tensor,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0.0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: str = "corner",
    out_format: str = "corner",
) -> tuple[Tensor, Tensor]:
    """Boxes (..., N, W) by falling score, without those that overlap a better one of their class.

    Gives the boxes, filled up with rows of -1, and where each was in the input (..., N, 1). Of
    equal scores the first counts. Without ``id_index`` all boxes are of one class.
    """
    boxes = data.reshape(-1, *data.shape[-2:])  # (B, N, W)
    batch, count, width = boxes.shape
    places = torch.arange(batch * count, device=data.device).reshape(batch, count)
    if topk == 0:
        return data, places.to(data.dtype).reshape(*data.shape[:-1], 1)
    scores = boxes[..., score_index].detach()
    valid = scores > valid_thresh
    if id_index >= 0:
        valid = valid & (boxes[..., id_index] != background_id)
    ranking = torch.where(valid, scores, -torch.inf)
    best = torch.argsort(ranking, dim=1, descending=True, stable=True)
    best = best[:, : topk if topk > 0 else count]  # (B, K)
    ranked = boxes.gather(1, best[..., None].expand(-1, -1, width)).detach()
    ids = ranked[..., id_index].trunc() if id_index >= 0 and not force_suppress else None
    corners, valid = ranked[..., coord_start : coord_start + 4], valid.gather(1, best)
    area = box_area(corners, in_format)
    keep = suppressed(corners, area, ids, valid, overlap_thresh, in_format)
    kept_first = torch.argsort((~keep).to(torch.uint8), dim=1, stable=True)
    first = best.gather(1, kept_first)
    kept = torch.arange(best.shape[1], device=data.device) < keep.sum(1, keepdim=True)
    out = boxes.gather(1, first[..., None].expand(-1, -1, width))
    if in_format != out_format:
        out = reformatted(out, coord_start, out_format)
    out = torch.where(kept[..., None], out, -1.0)
    where = torch.where(kept, places.gather(1, first), -1).to(data.dtype)[..., None]
    rest = boxes.new_full((batch, count - best.shape[1], width), -1.0)
    out, where = torch.cat((out, rest), 1), torch.cat((where, rest[..., :1]), 1)
    return out.reshape(data.shape), where.reshape(*data.shape[:-1], 1)


def suppressed(
    boxes: Tensor,
    area: Tensor,
    ids: Tensor | None,
    valid: Tensor,
    thresh: float,
    format: str = "corner",
    inclusive: bool = False,
    rows: int = 256,
) -> Tensor:
    """Which of the ``valid`` boxes (B, K, 4), best first, stay: (B, K). Valid ones come first.

    A box goes if its overlap with a better one that stays, and has the same id (B, K), is above
    ``thresh``, or is ``thresh`` where ``inclusive``. Overlaps are computed ``rows`` at a time.
    """
    keep, count = valid.clone(), boxes.shape[1]
    if valid.numel() and not torch.compiler.is_compiling():
        count = int(valid.sum(1).max())  # the others need no time
    for start in range(0, count, rows):
        stop = min(start + rows, count)
        these, rest = slice(start, stop), slice(start, count)
        shared = box_intersection(boxes[:, these, None], boxes[:, None, rest], format)
        overlap = shared / (area[:, these, None] + area[:, None, rest] - shared)
        over = overlap >= thresh if inclusive else overlap > thresh  # (B, rows, K - start)
        if ids is not None:
            over = over & (ids[:, these, None] == ids[:, None, rest])
        for row in range(stop - start):
            goes = over[:, row, row + 1 :] & keep[:, start + row, None]
            keep[:, start + row + 1 : count] &= ~goes
    return keep


def reformatted(boxes: Tensor, start: int, format: str) -> Tensor:
    """Boxes (..., W) whose four coordinates from ``start`` on are turned into the other format.

    A box whose first coordinate is below 0 stays as it is, as in MXNet.
    """
    before, box, after = boxes[..., :start], boxes[..., start : start + 4], boxes[..., start + 4 :]
    low, high = box[..., :2], box[..., 2:]
    if format == "center":
        turned = torch.cat(((low + high) / 2, high - low), -1)
    else:
        turned = torch.cat((low - high / 2, low + high / 2), -1)
    return torch.cat((before, torch.where(box[..., :1] < 0, box, turned), after), -1)


def multibox_detection(
    probabilities: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    threshold: float = 0.01,
    clip: bool = True,
    variances: tuple[float, float, float, float] = (0.1, 0.1, 0.2, 0.2),
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    nms_topk: int = -1,
) -> Tensor:
    """Detections (B, N, 6), each (class, score, corners), by falling score.

    ``probabilities`` (B, classes, N), of which class 0 is the background; ``offsets`` (B, N * 4) to
    the ``anchors`` (1, N, 4) in corners. The class of a box that is suppressed is -1, and rows
    without a box are -1.
    """
    batch, classes, count = probabilities.shape
    boxes = anchor_boxes(offsets.reshape(batch, count, 4), anchors, variances, clip)
    if classes == 1:
        return torch.full_like(torch.cat((boxes[..., :2], boxes), -1), -1.0)
    score, label = probabilities[:, 1:].max(1)  # (B, N); of equal classes the first counts
    valid = (score > -1) & (score >= threshold)
    rows = torch.cat((label.to(boxes.dtype)[..., None], score[..., None], boxes), -1)
    rows = torch.where(valid[..., None], rows, -1.0)
    order = torch.argsort((~valid).to(torch.uint8), dim=1, stable=True)  # detections first
    rows = rows.gather(1, order[..., None].expand(-1, -1, 6))
    if not 0 < nms_threshold <= 1:
        return rows
    valid = valid.gather(1, order)
    ranking = torch.where(valid, rows[..., 1], -torch.inf)
    order = torch.argsort(ranking, dim=1, descending=True, stable=True)
    top = min(nms_topk, count) if nms_topk > 0 else count
    best = rows.gather(1, order[:, :top, None].expand(-1, -1, 6))  # (B, K, 6)
    ids, corners = best[..., 0], best[..., 2:].detach()
    sides = corners[..., 2:] - corners[..., :2]
    area = sides[..., 0] * sides[..., 1]
    same = None if force_suppress else ids
    keep = suppressed(corners, area, same, ids >= 0, nms_threshold, inclusive=True)
    found = torch.where(keep, best[..., 0], -1.0)[..., None]
    rest = rows[:, top:]  # MXNet leaves them unsorted
    return torch.cat(
        (
            torch.cat((found, best[..., 1:]), -1),
            torch.cat((torch.full_like(rest[..., :1], -1.0), rest[..., 1:]), -1),
        ),
        1,
    )


def anchor_boxes(
    offsets: Tensor, anchors: Tensor, variances: tuple[float, float, float, float], clip: bool
) -> Tensor:
    """Boxes (B, N, 4) from offsets to anchors (1, N, 4); all in corners."""
    left, top, right, bottom = anchors.unbind(-1)
    width, height = right - left, bottom - top
    x = offsets[..., 0] * variances[0] * width + (left + right) / 2
    y = offsets[..., 1] * variances[1] * height + (top + bottom) / 2
    half_width = (offsets[..., 2] * variances[2]).exp() * width / 2
    half_height = (offsets[..., 3] * variances[3]).exp() * height / 2
    corners = (x - half_width, y - half_height, x + half_width, y + half_height)
    boxes = torch.stack(corners, -1)
    return boxes.clamp(0, 1) if clip else boxes
