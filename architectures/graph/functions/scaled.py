"""Data divided by norms of themselves, as MXNet's L2Normalization and GroupNorm do."""

import torch
import torch.nn.functional as F
from torch import Tensor


def l2_normalized(x: Tensor, mode: str, eps: float) -> Tensor:
    """``x`` over the root of (its sum of squares + eps). x: (N, C, ...).

    The sum is over all but the first axis (``instance``), the channels (``channel``), or the axes
    after the channels (``spatial``).
    """
    squares = x.square()
    axes = [1] if mode == "channel" else list(range(1 if mode == "instance" else 2, x.ndim))
    if axes:  # without any, PyTorch would sum over all
        squares = squares.sum(axes, keepdim=True)
    return x / torch.sqrt(squares + eps)


def group_norm_by_group(x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """A group normalisation with one weight and one bias for each group.

    x: (N, C, ...); weight, bias: (groups,).
    """
    each = x.shape[1] // groups
    return F.group_norm(
        x, groups, weight.repeat_interleave(each), bias.repeat_interleave(each), eps
    )
