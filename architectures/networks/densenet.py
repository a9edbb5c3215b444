"""DenseNet in PyTorch, with torchvision's names.

The network follows GluonCV's densenet.py. Its last map is averaged in a window of 7x7; torchvision
averages the whole map, which is the same where that map is 7x7.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.densenet_config import DenseNetConfig
from architectures.networks.network import FeaturePoint, Network


class DenseLayer(nn.Module):
    """Norm, ReLU and 1x1, then norm, ReLU and 3x3; the new channels follow the old ones."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        width = 4 * growth
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        new = self.conv1(functional.relu(self.norm1(x)))  # (N, channels, H, W) -> (N, width, H, W)
        new = self.conv2(functional.relu(self.norm2(new)))  # (N, growth, H, W)
        return torch.cat((x, new), 1)  # (N, channels + growth, H, W)


class Transition(nn.Sequential):
    """Half the channels, half the sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)


class DenseNet(Network):
    """Four dense blocks with transitions between them; a last norm and ReLU."""

    classifier_name = "classifier"
    sequences = ("features",)
    block_types = (DenseLayer,)

    def __init__(self, config: DenseNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans = in_chans
        channels = config.stem
        self.features = nn.Sequential(
            OrderedDict[str, nn.Module](
                conv0=nn.Conv2d(in_chans, channels, 7, 2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(channels),
                relu0=nn.ReLU(),
                pool0=nn.MaxPool2d(3, 2, padding=1),
            )
        )
        self.feature_points = [FeaturePoint("features.relu0", channels, 2)]
        for index, depth in enumerate(config.depths, start=1):
            block = nn.Sequential()
            for number in range(1, depth + 1):
                block.add_module(f"denselayer{number}", DenseLayer(channels, config.growth))
                channels += config.growth
            self.features.add_module(f"denseblock{index}", block)
            point = FeaturePoint(f"features.denseblock{index}", channels, 2 ** (index + 1))
            self.feature_points.append(point)
            if index < len(config.depths):
                self.features.add_module(f"transition{index}", Transition(channels))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.feature_points[-1] = self.feature_points[-1]._replace(module="features.norm5")
        self.avgpool = nn.AvgPool2d(7)
        self.num_features = channels
        self.classifier: nn.Module = nn.Identity()
        self.reset_classifier(num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, in_chans, H, W) -> (N, C, H / 32, W / 32), C = num_features
        return functional.relu(x)

    def forward_maps(self, x: Tensor, last: int) -> list[Tensor]:
        maps = super().forward_maps(x, last)
        if last == len(self.feature_points) - 1:
            maps[-1] = functional.relu(maps[-1])
        return maps

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.avgpool(x).flatten(1)  # (N, C, h, w) -> (N, C), h and w from 7 to 13
        return x if pre_logits else self.classifier(x)  # (N, num_classes)
