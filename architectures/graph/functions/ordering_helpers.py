"""The largest or smallest elements along an axis; equal ones in the order of their positions."""

from __future__ import annotations

import torch
from torch import Tensor


def topk_indices(x: Tensor, k: int, axis: int, largest: bool) -> Tensor:
    """The positions of the k largest or smallest elements, in order."""
    order = torch.argsort(x, dim=axis, descending=largest, stable=True)
    return order.narrow(axis, 0, k)


def topk_mask(x: Tensor, k: int, axis: int | None, largest: bool) -> Tensor:
    """1 for the k largest or smallest elements along an axis, or of all, and 0 for the others."""
    if axis is None:
        return topk_mask(x.flatten(), k, 0, largest).reshape(x.shape)
    return torch.zeros_like(x).scatter(axis, topk_indices(x, k, axis, largest), 1)
