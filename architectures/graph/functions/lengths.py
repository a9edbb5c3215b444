"""Sequences of different lengths in one batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def within_length(x: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """Which steps of x (T, N, ...), or (N, T, ...) for axis 1, lie within lengths (N,).

    The mask has the rank of x, and 1 for all axes but T and N.
    """
    steps = torch.arange(x.shape[axis], device=x.device)
    mask = steps[:, None] < lengths.long()  # (T, N)
    return (mask if axis == 0 else mask.T).reshape(*x.shape[:2], *[1] * (x.dim() - 2))


def sequence_mask(x: Tensor, lengths: Tensor, value: float = 0.0, axis: int = 0) -> Tensor:
    """x (T, N, ...), or (N, T, ...) for axis 1, with ``value`` behind each sequence's end."""
    return x.masked_fill(~within_length(x, lengths, axis), value)


def sequence_last(x: Tensor, lengths: Tensor, axis: int = 0) -> Tensor:
    """The last step of each sequence of x (T, N, ...), or (N, T, ...) for axis 1: (N, ...)."""
    x = x if axis == 0 else x.transpose(0, 1)
    return x[lengths.long() - 1, torch.arange(x.shape[1], device=x.device)]


def sequence_reverse(x: Tensor, lengths: Tensor) -> Tensor:
    """x (T, N, ...) with each sequence backwards; what lies behind its end stays."""
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    lengths = lengths.long()
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)  # (T, N)
    return x[source, torch.arange(x.shape[1], device=x.device)]


def connectionist_loss(
    x: Tensor,
    labels: Tensor,
    data_lengths: Tensor | None = None,
    label_lengths: Tensor | None = None,
    blank_label: str = "first",
) -> Tensor:
    """The CTC loss (N,) of activations x (T, N, C) and labels (N, L).

    The blank is class 0, or the last one. Labels end at the first 0, or -1 if the blank is last,
    unless their lengths are given. The loss of labels that do not fit into the steps is 0.
    """
    steps, batch, classes = x.shape
    padding = 0 if blank_label == "first" else -1
    labels = labels.long()
    if label_lengths is None:
        label_lengths = (labels != padding).cumprod(1).sum(1)
    if data_lengths is None:
        data_lengths = torch.full((batch,), steps, device=x.device)
    return F.ctc_loss(
        x.log_softmax(-1),
        labels,
        data_lengths.long(),
        label_lengths.long(),
        blank=0 if blank_label == "first" else classes - 1,
        reduction="none",
        zero_infinity=True,
    )
