"""Standard deviations (the third output of MXNet's LayerNorm)."""

import torch
from torch import Tensor


def standard_deviation(x: Tensor, axis: int, eps: float) -> Tensor:
    """The square root of the variance over one axis, which stays with size 1, plus ``eps``."""
    return torch.sqrt(x.var(axis, correction=0, keepdim=True) + eps)
