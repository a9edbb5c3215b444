"""Rounding as MXNet rounds, where PyTorch rounds halves to even."""

import torch
from torch import Tensor


def round_half_away(x: Tensor) -> Tensor:
    """Round to the nearest integer, halves away from zero: 2.5 becomes 3, -2.5 becomes -3."""
    whole = torch.trunc(x)
    return torch.where(torch.abs(x - whole) < 0.5, whole, whole + torch.sign(x))


def round_half_down(x: Tensor) -> Tensor:
    """Round to the nearest integer, halves down: 2.5 becomes 2, -2.5 becomes -3."""
    below = torch.floor(x)
    return torch.where(x - below <= 0.5, below, below + 1)
