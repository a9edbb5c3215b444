"""SENet-154 in PyTorch, with the names of timm's ``senet154``.

It differs from timm's in two things, as gluoncv/model_zoo/senet.py does: its max-pool rounds up and
does not pad, and it has a dropout of 0.2 before the classifier.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from architectures.catalogue.config import ResNetConfig
from architectures.networks.resnet import ResNet, norm


class SENet(ResNet):
    """A residual network whose shortcuts stride in a 3x3 convolution."""

    dropout_rate: ClassVar[float] = 0.2

    def stem_end(self, config: ResNetConfig) -> tuple[nn.Module, nn.Module]:
        return nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)

    def shortcut(self, channels: int, out: int, stride: int, config: ResNetConfig) -> nn.Module:
        if config.average_down or stride == 1:
            return super().shortcut(channels, out, stride, config)
        conv = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        return nn.Sequential(conv, norm(config, out))
