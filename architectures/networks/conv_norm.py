"""Convolution, norm and ReLU: the unit that the Inception networks are made of."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional


class ConvNorm(nn.Module):
    """A convolution without a bias, its norm and ReLU, under torchvision's and timm's names.

    The epsilon is 1e-3 (GluonCV's googlenet.py and inception.py, _make_basic_conv).
    """

    def __init__(self, channels: int, out: int, kernel: Any, stride: int = 1, padding: Any = 0):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.bn(self.conv(x)))  # (N, channels, H, W) -> (N, out, h, w)
