"""Region proposals of Faster R-CNN."""

from __future__ import annotations

import torch
from torch import Tensor

from architectures.graph.functions.suppression import suppressed


def region_proposals(
    scores: Tensor,
    offsets: Tensor,
    im_info: Tensor,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0),
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    iou_loss: bool = False,
) -> tuple[Tensor, Tensor]:
    """The best boxes of each image, (B * post, 5) as (image, corners), and scores (B * post, 1).

    ``scores`` (B, 2 * A, H, W) of background and object, ``offsets`` (B, 4 * A, H, W) to the
    anchors, and ``im_info`` (B, 3): height, width and scale of each image. Where suppression leaves
    fewer boxes than asked for, they are repeated in order.
    """
    batch, _, height, width = scores.shape
    anchors = shifted_anchors(scores, scales, ratios, feature_stride)  # (1, H * W * A, 4)
    offsets = offsets.detach().reshape(batch, -1, 4, height, width)
    offsets = offsets.permute(0, 3, 4, 1, 2).reshape(batch, -1, 4)
    rank = scores.detach()[:, scores.shape[1] // 2 :].permute(0, 2, 3, 1)  # (B, H, W, A)
    boxes = moved_anchors(anchors, offsets, iou_loss)
    limit = im_info.detach()[:, [1, 0, 1, 0]][:, None] - 1  # (B, 1, 4)
    boxes = boxes.minimum(limit).clamp(min=0)
    real = (im_info.detach()[:, :2] / feature_stride).trunc()  # places that the image covers
    rows = torch.arange(height, device=scores.device)[:, None, None]
    columns = torch.arange(width, device=scores.device)[:, None]
    padded = (rows >= real[:, 0, None, None, None]) | (columns >= real[:, 1, None, None, None])
    rank = torch.where(padded, -1.0, rank).reshape(batch, -1)
    least = rpn_min_size * im_info.detach()[:, 2, None]  # (B, 1)
    small = ((boxes[..., 2:] - boxes[..., :2] + 1) < least[..., None]).any(-1)
    grow = torch.cat((-least, -least, least, least), 1)[:, None] / 2
    boxes = torch.where(small[..., None], boxes + grow, boxes)
    rank = torch.where(small, -1.0, rank)
    top = rpn_pre_nms_top_n if rpn_pre_nms_top_n > 0 else rank.shape[1]
    order = torch.argsort(rank, dim=1, descending=True, stable=True)[:, :top]
    boxes, rank = boxes.gather(1, order[..., None].expand(-1, -1, 4)), rank.gather(1, order)
    wide = torch.cat((boxes[..., :2], boxes[..., 2:] + 1), -1)  # a box includes its last pixel
    sides = wide[..., 2:] - wide[..., :2]
    area, every = sides[..., 0] * sides[..., 1], torch.ones_like(rank, dtype=torch.bool)
    keep = suppressed(wide, area, None, every, threshold)
    first = torch.argsort((~keep).to(torch.uint8), dim=1, stable=True)  # kept boxes first
    count = keep.sum(1, keepdim=True).clamp(max=rpn_post_nms_top_n)
    places = first.gather(1, torch.arange(rpn_post_nms_top_n, device=first.device) % count)
    found = boxes.gather(1, places[..., None].expand(-1, -1, 4))  # (B, post, 4)
    image = torch.arange(batch, device=found.device, dtype=found.dtype)[:, None, None]
    rois = torch.cat((image.expand(-1, rpn_post_nms_top_n, -1), found), -1)
    return rois.reshape(-1, 5), rank.gather(1, places).reshape(-1, 1)


def shifted_anchors(
    features: Tensor, scales: tuple[float, ...], ratios: tuple[float, ...], stride: int
) -> Tensor:
    """Corners (1, H * W * A, 4), in pixels, of the anchors of a map (N, C, H, W)."""
    dtype, device = features.dtype, features.device
    ratio = torch.tensor(ratios, dtype=dtype, device=device)[:, None]
    scale = torch.tensor(scales, dtype=dtype, device=device)
    size = torch.floor(stride * stride / ratio)
    side = torch.floor(size.sqrt() + 0.5)
    width, height = side * scale, torch.floor(side * ratio + 0.5) * scale  # (ratios, scales)
    half = torch.stack((width.flatten() - 1, height.flatten() - 1), -1) * 0.5  # (A, 2)
    center = 0.5 * (stride - 1)
    anchors = torch.cat((center - half, center + half), -1)
    rows, columns = features.shape[2:]
    y = (torch.arange(rows, dtype=dtype, device=device) * stride)[:, None].expand(rows, columns)
    x = (torch.arange(columns, dtype=dtype, device=device) * stride).expand(rows, columns)
    shift = torch.stack((x, y, x, y), -1)[:, :, None]  # (H, W, 1, 4)
    return (anchors + shift).reshape(1, -1, 4)


def moved_anchors(anchors: Tensor, offsets: Tensor, corners: bool) -> Tensor:
    """Boxes (B, N, 4) of anchors (1, N, 4), moved by offsets (B, N, 4).

    ``corners``: the offsets are of the corners; otherwise of centre and logarithmic size.
    """
    if corners:
        return anchors + offsets
    size = anchors[..., 2:] - anchors[..., :2] + 1
    center = offsets[..., :2] * size + (anchors[..., :2] + 0.5 * (size - 1))
    half = 0.5 * (offsets[..., 2:].exp() * size - 1)
    return torch.cat((center - half, center + half), -1)
