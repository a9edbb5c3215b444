"""Residual networks for CIFAR in PyTorch: three stages, a stem that keeps the image's size.

The facts are GluonCV's (cifarresnet.py's CIFARResNetV1, cifarresnext.py). The pre-activation
networks for CIFAR are ``preactivation.PreActivationResNet``.
"""

from __future__ import annotations

from torch import nn

from architectures.cifar_config import CifarConfig
from architectures.resnet import ResNet


class CifarResNet(ResNet):
    """A residual network; its last map is a quarter of the image, rounded up.

    Before basic blocks the stem has no ReLU.
    """

    def __init__(self, config: CifarConfig, num_classes: int = 10, in_chans: int = 3) -> None:
        super().__init__(config, num_classes, in_chans)
        self.conv1 = nn.Conv2d(in_chans, config.stem[-1], 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.add_module("maxpool", nn.Identity())
        if config.block == "basic":
            self.add_module("act1", nn.Identity())
