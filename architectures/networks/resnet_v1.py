"""GluonCV's first ResNet, with timm's names: how its blocks differ from other residual networks.

A bottleneck strides in its first 1x1, as Caffe's did, and its 1x1 convolutions have biases. Gates
are dense and have no biases (gluoncv/model_zoo/resnet.py, BasicBlockV1 and BottleneckV1).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.config import ResNetV1Config
from architectures.networks.network import FeaturePoint
from architectures.networks.residual import initialise
from architectures.networks.resnet import BasicBlock, Bottleneck, ResNet


class DenseGate(nn.Module):
    """Squeeze-and-excitation by two dense layers without biases."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // 16, bias=False)
        self.fc2 = nn.Linear(channels // 16, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = functional.relu(self.fc1(x.mean((2, 3))))  # (N, C, H, W) -> (N, C / 16)
        return x * torch.sigmoid(self.fc2(gate))[:, :, None, None]  # (N, C, H, W)


class BasicBlockV1(BasicBlock):
    """A basic block whose gate is dense."""

    gate: ClassVar[type[nn.Module]] = DenseGate


class BottleneckV1(Bottleneck):
    """1x1 with the stride and a bias, 3x3, 1x1 with a bias; the gate is dense."""

    gate: ClassVar[type[nn.Module]] = DenseGate
    strides_first: ClassVar[bool] = True
    bias: ClassVar[bool] = True


class ResNetV1(ResNet):
    """A residual network of these blocks."""

    blocks: ClassVar[dict[str, type[nn.Module]]] = {
        "basic": BasicBlockV1,
        "bottleneck": BottleneckV1,
    }

    def __init__(self, config: ResNetV1Config, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__(config, num_classes, in_chans)
        if config.thumbnail:
            width = config.stem[-1]
            self.conv1 = nn.Conv2d(in_chans, width, 3, padding=1, bias=False)
            self.bn1, self.act1, self.maxpool = nn.Identity(), nn.Identity(), nn.Identity()
            stem = FeaturePoint("act1", width, 1)
            self.add_points(stem, [point.channels for point in self.feature_points[1:]])
            initialise(self.conv1)
