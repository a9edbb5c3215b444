"""Convolutions that read at learnt places (MXNet contrib DeformableConvolution)."""

import torch
from torch import Tensor


def deformable_convolution(
    x: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    weight: Tensor,
    bias: Tensor | None,
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    offset_groups: int,
) -> Tensor:
    """A convolution whose taps are moved by ``offset`` and weighted by ``mask``.

    x: (N, C, H, W); offset: (N, offset_groups * taps * 2, H', W'), rows before columns;
    mask: (N, offset_groups * taps, H', W') or None; weight: (F, C / groups, kh, kw); bias: (F,).
    Gives (N, F, H', W').
    """
    batch = x.shape[0]
    filters, _, kh, kw = weight.shape
    height, width = offset.shape[2:]
    moved = offset.reshape(batch, offset_groups, kh * kw, 2, height, width)
    taps = torch.arange(kh * kw, device=x.device).reshape(-1, 1, 1)
    down = torch.arange(height, device=x.device).reshape(1, -1, 1)
    right = torch.arange(width, device=x.device).reshape(1, 1, -1)
    rows = (down * stride[0] - pad[0] + taps // kw * dilation[0]) + moved[:, :, :, 0]
    columns = (right * stride[1] - pad[1] + taps % kw * dilation[1]) + moved[:, :, :, 1]
    # (N, offset_groups, C / offset_groups, taps * H' * W')
    rows, columns = rows.flatten(2), columns.flatten(2)
    maps = x.reshape(batch, offset_groups, -1, *x.shape[2:])
    if mask is None:
        read = bilinear_within(maps, rows, columns)
    else:
        read = bilinear_at(maps, rows, columns) * mask.reshape(batch, offset_groups, 1, -1)
    read = read.reshape(batch, groups, -1, height * width)
    y = weight.reshape(groups, filters // groups, -1) @ read  # (N, groups, F / groups, H' * W')
    y = y.reshape(batch, filters, height, width)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def bilinear_at(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Values between the pixels, which are 0 outside of the map.

    x: (N, G, C, H, W); rows, columns: (N, G, L), in pixels; (N, G, C, L).
    """
    top, left = rows.floor(), columns.floor()
    total = torch.zeros_like(x[..., 0, 0]).unsqueeze(-1)
    for row in (top, top + 1):
        for column in (left, left + 1):
            weight = (1 - (rows - row).abs()) * (1 - (columns - column).abs())
            total = total + pixels_at(x, row, column) * weight.unsqueeze(2)
    return total


def bilinear_within(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The same by another rule for the border, which MXNet has for convolutions without a mask:
    0 before the first pixel; the last pixel's value for less than one pixel beyond it, then 0.
    """
    height, width = x.shape[-2:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    read = bilinear_at(x, rows.clamp(0, height - 1), columns.clamp(0, width - 1))
    return read * inside.unsqueeze(2)


def pixels_at(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels at whole places; 0 outside. Shapes as in ``bilinear_at``."""
    height, width = x.shape[-2:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    places = rows.clamp(0, height - 1).long() * width + columns.clamp(0, width - 1).long()
    places = places.unsqueeze(2).expand(-1, -1, x.shape[2], -1)
    return x.flatten(3).gather(3, places) * inside.unsqueeze(2)
