"""Anchors, boxes encoded against them, and matches of the two."""

from __future__ import annotations

import torch
from torch import Tensor


def multibox_prior(
    x: Tensor,
    sizes: tuple[float, ...] = (1.0,),
    ratios: tuple[float, ...] = (1.0,),
    clip: bool = False,
    steps: tuple[float, float] = (-1.0, -1.0),
    offsets: tuple[float, float] = (0.5, 0.5),
) -> Tensor:
    """The anchors of a feature map (N, C, H, W): corners (1, H * W * A, 4), relative to the image.

    Each place has the sizes at ratio 1, then the other ratios at the first size. ``steps`` and
    ``offsets`` are (y, x).
    """
    height, width = x.shape[2:]
    size = torch.tensor(sizes, dtype=x.dtype, device=x.device)
    ratio = torch.tensor(ratios[1:], dtype=x.dtype, device=x.device).sqrt()
    half_width = torch.cat((size * height / width, size[:1] * height / width * ratio)) / 2  # (A,)
    half_height = torch.cat((size, size[:1] / ratio)) / 2
    step_y, step_x = steps if min(steps) > 0 else (1 / height, 1 / width)
    center_y = (torch.arange(height, dtype=x.dtype, device=x.device) + offsets[0]) * step_y
    center_x = (torch.arange(width, dtype=x.dtype, device=x.device) + offsets[1]) * step_x
    center_y = center_y[:, None, None].expand(height, width, 1)
    center_x = center_x[None, :, None].expand(height, width, 1)
    corners = (
        center_x - half_width,
        center_y - half_height,
        center_x + half_width,
        center_y + half_height,
    )
    anchors = torch.stack(corners, -1).reshape(1, -1, 4)
    return anchors.clamp(0, 1) if clip else anchors


def box_decode(
    offsets: Tensor,
    anchors: Tensor,
    stds: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
    clip: float = -1.0,
    format: str = "center",
) -> Tensor:
    """Boxes (B, N, 4) in corners from their offsets to anchors (1, N, 4).

    ``clip``: the largest logarithm of a box's size against its anchor's, if it is above 0.
    """
    x, y, width, height = anchors.unbind(-1)
    if format == "corner":
        width, height = width - x, height - y
        x, y = x + width * 0.5, y + height * 0.5
    center_x = offsets[..., 0] * stds[0] * width + x
    center_y = offsets[..., 1] * stds[1] * height + y
    grow_x, grow_y = offsets[..., 2] * stds[2], offsets[..., 3] * stds[3]
    if clip > 0:
        grow_x, grow_y = grow_x.clamp(max=clip), grow_y.clamp(max=clip)
    half_width = grow_x.exp() * width * 0.5
    half_height = grow_y.exp() * height * 0.5
    corners = (
        center_x - half_width,
        center_y - half_height,
        center_x + half_width,
        center_y + half_height,
    )
    return torch.stack(corners, -1)


def box_encode(
    samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor, stds: Tensor
) -> tuple[Tensor, Tensor]:
    """Training targets (B, N, 4) of anchors (B, N, 4), and their mask.

    ``samples`` (B, N) are above 0.5 for an anchor that counts; ``matches`` (B, N) tell which of the
    ``refs`` (B, M, 4) it belongs to. All boxes are in corners.
    """
    index = matches.long().clamp(min=0)[..., None].expand(-1, -1, 4)
    ref, counts = refs.gather(1, index), (samples > 0.5)[..., None]
    ref_size, size = ref[..., 2:] - ref[..., :2], anchors[..., 2:] - anchors[..., :2]
    ref_center, center = ref[..., :2] + ref_size * 0.5, anchors[..., :2] + size * 0.5
    moved = ((ref_center - center) / size - means[:2]) / stds[:2]
    grown = (torch.log(ref_size / size) - means[2:]) / stds[2:]
    targets = torch.cat((moved, grown), -1)  # (B, N, 4)
    mask = counts.expand_as(targets)
    return torch.where(mask, targets, torch.zeros_like(targets)), mask.to(targets.dtype)


def bipartite_matching(
    scores: Tensor, threshold: float, is_ascend: bool = False, topk: int = -1
) -> tuple[Tensor, Tensor]:
    """Match rows and columns of scores (..., R, C), the best pair first.

    Gives the column of each row (..., R) and the row of each column (..., C), -1 for none. Of equal
    pairs the first counts. ``topk`` above 0 stops after one pair more than that, as MXNet does.
    """
    rows, columns = scores.shape[-2:]
    flat = scores.reshape(-1, rows * columns)
    order = torch.argsort(flat, dim=1, descending=not is_ascend, stable=True)
    good = flat < threshold if is_ascend else flat > threshold
    places = torch.arange(rows * columns, device=flat.device).expand_as(flat)
    rank = torch.empty_like(order).scatter(1, order, places)  # (B, R * C): 0 is the best pair
    row_match = flat.new_full((flat.shape[0], rows), -1)
    column_match = flat.new_full((flat.shape[0], columns), -1)
    free = good
    for _ in range(min(rows, columns, topk + 1 if topk > 0 else rows)):
        best = torch.where(free, rank, rows * columns).argmin(1, keepdim=True)  # (B, 1)
        found = free.gather(1, best)
        row, column = best // columns, best % columns
        new_column = torch.where(found, column.to(flat.dtype), row_match.gather(1, row))
        new_row = torch.where(found, row.to(flat.dtype), column_match.gather(1, column))
        row_match = row_match.scatter(1, row, new_column)
        column_match = column_match.scatter(1, column, new_row)
        taken = (places // columns == row) | (places % columns == column)
        free = free & ~(taken & found)
    shape = scores.shape
    return row_match.reshape(shape[:-1]), column_match.reshape((*shape[:-2], columns))
