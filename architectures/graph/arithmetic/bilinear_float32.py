"""Bilinear interpolation with coordinates in float32 (MXNet's BilinearResize2D)."""

from __future__ import annotations

import torch
from torch import Tensor


def interpolate_float32(x: Tensor, size: tuple[int, int], mode: str, align_corners: bool) -> Tensor:
    """Coordinates and weights are float32 whatever the data are. x: (N, C, H, W)."""
    if tuple(x.shape[2:]) == tuple(size):
        return x
    top, bottom, below = _places(x, x.shape[2], size[0], align_corners)
    left, right, beside = _places(x, x.shape[3], size[1], align_corners)
    rows, after = below[:, None], beside[None, :]
    above, before = 1 - rows, 1 - after
    upper, lower = x[:, :, top], x[:, :, bottom]
    return above * (before * upper[..., left] + after * upper[..., right]) + rows * (
        before * lower[..., left] + after * lower[..., right]
    )


def _places(
    x: Tensor, taken: int, given: int, align_corners: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The two neighbours of each new place on one axis, and the weight of the second."""
    places = torch.arange(given, dtype=torch.float32)
    if given == 1:
        source = torch.zeros(1)
    elif align_corners:
        source = torch.tensor(float(taken - 1)) / (given - 1) * places
    else:
        step = (torch.tensor(float(taken)) / given).double()
        source = (step * (places.double() + 0.5) - 0.5).clamp(min=0).float()
    first = source.long()
    second = first + (first < taken - 1).long()
    return first, second, (source - first).to(x.dtype)


def resized_from_corner_float32(x: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate_float32(x, size, "bilinear", False)
