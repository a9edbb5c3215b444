"""Grids of places to read at, and reading there (MXNet's spatial transformer)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def affine_places(theta: Tensor, size: tuple[int, int]) -> Tensor:
    """Where an affine map sends each place of a map of this size, from -1 to 1 on both axes.

    theta: (N, 6); (N, 2, H, W), columns before rows.
    """
    height, width = size
    rows = -1 + torch.arange(height, dtype=theta.dtype, device=theta.device) * 2 / (height - 1)
    columns = -1 + torch.arange(width, dtype=theta.dtype, device=theta.device) * 2 / (width - 1)
    down, right = torch.meshgrid(rows, columns, indexing="ij")
    places = torch.stack([right, down, torch.ones_like(right)]).flatten(1)  # (3, H * W)
    return (theta.reshape(-1, 2, 3) @ places).reshape(-1, 2, height, width)


def warped_places(flow: Tensor) -> Tensor:
    """Each place moved by ``flow``, in pixels, as places from -1 to 1.

    flow: (N, 2, H, W), columns before rows; the same shape.
    """
    height, width = flow.shape[2:]
    down = torch.arange(height, dtype=flow.dtype, device=flow.device).reshape(-1, 1)
    right = torch.arange(width, dtype=flow.dtype, device=flow.device)
    columns = (flow[:, 0] + right) / ((width - 1) / 2) - 1
    rows = (flow[:, 1] + down) / ((height - 1) / 2) - 1
    return torch.stack([columns, rows], 1)


def sampled(x: Tensor, places: Tensor) -> Tensor:
    """Values between the pixels, 0 outside. x: (N, C, H, W); places: (N, 2, H', W')."""
    return F.grid_sample(x, places.movedim(1, -1), align_corners=True)
