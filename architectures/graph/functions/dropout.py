"""Dropout that keeps or drops whole rows (MXNet Dropout's ``axes``)."""

import torch
from torch import Tensor


def ones_along(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Ones of the shape of ``x``, with size 1 along ``axes``: what such a dropout drops from."""
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    return torch.ones(shape, dtype=x.dtype, device=x.device)
