"""Softmax over the first values of each row, and its cross entropy, as MXNet has them."""

import torch
import torch.nn.functional as F
from torch import Tensor


def softmax_of_length(x: Tensor, length: Tensor, axis: int) -> Tensor:
    """The softmax over the first ``length`` values along ``axis``; 0 for the others.

    ``length`` has the shape of ``x`` without that axis.
    """
    places = torch.arange(x.shape[axis], device=x.device)
    within = (places < length.unsqueeze(-1)).movedim(-1, axis)
    return F.softmax(x.masked_fill(~within, -torch.inf), axis).masked_fill(~within, 0.0)


def sum_of_cross_entropies(x: Tensor, label: Tensor, least: float = 1e-8) -> Tensor:
    """The sum over the batch of -log(probability of the label), each at most -log(least).

    x: (N, classes), logits; label: (N,); (1,).
    """
    chosen = F.softmax(x, 1).gather(1, label.long().unsqueeze(1))
    return -chosen.clamp(min=least).log().sum().reshape(1)
