"""Triangles of matrices as vectors: a lower one row by row, an upper one column by column."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def extract_triangle(a: Tensor, offset: int, lower: bool) -> Tensor:
    """(..., N, N) to (..., K): the triangle that a diagonal bounds, with the diagonal."""
    row, column = torch.tril_indices(
        a.size(-1), a.size(-1), offset if lower else -offset, device=a.device
    )
    return a[..., row, column] if lower else a[..., column, row]


def make_triangle(values: Tensor, offset: int, lower: bool) -> Tensor:
    """(..., K) to (..., N, N): the triangle that a diagonal bounds, and zeros elsewhere."""
    n = (math.isqrt(8 * values.size(-1) + 1) - 1) // 2 + abs(offset)
    row, column = torch.tril_indices(n, n, offset if lower else -offset, device=values.device)
    a = values.new_zeros((*values.shape[:-1], n, n))
    a[..., row, column] = values
    return a if lower else a.transpose(-2, -1)
