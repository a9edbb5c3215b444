"""Residual networks for CIFAR in PyTorch: three stages, a stem that keeps the image's size.

The network follows GluonCV's cifarresnet.py (CIFARResNetV1) and cifarresnext.py. The pre-activation
networks for CIFAR are ``preactivation.PreActivationResNet``.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from architectures.catalogue.config import ResNetConfig
from architectures.networks.resnet import ResNet


class CifarResNet(ResNet):
    """A residual network; its last map has a quarter of the image's sides, rounded up.

    The stem is one 3x3 without pooling. In networks of basic blocks it has no ReLU either.
    """

    stem_stride: ClassVar[int] = 1

    def stem_convolution(self, config: ResNetConfig, in_chans: int) -> nn.Module:
        return nn.Conv2d(in_chans, config.stem[-1], 3, padding=1, bias=False)

    def stem_end(self, config: ResNetConfig) -> tuple[nn.Module, nn.Module]:
        return nn.Identity() if config.block == "basic" else nn.ReLU(), nn.Identity()
