"""GoogLeNet in PyTorch, with torchvision's names: Inception v1 with BatchNorm.

The network follows GluonCV's googlenet.py, without its optional auxiliary classifiers. In place of
5x5 convolutions it has 3x3, as torchvision has. Two pools differ from torchvision's: the last
max-pool leaves out an odd row and column, and the last map is averaged in a window of 7x7. Neither
makes a difference where the maps before them are 14x14 and 7x7, as those of 224 x 224 are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from architectures.catalogue.inception_config import GoogLeNetConfig
from architectures.networks.conv_norm import ConvNorm
from architectures.networks.network import FeaturePoint, Network

WIDTHS = {  # 1x1; 1x1 before 3x3, 3x3; 1x1 before the other 3x3, that 3x3; 1x1 after the pooling
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class InceptionModule(nn.Module):
    """Four branches side by side: 1x1; 1x1 and 3x3; 1x1 and 3x3; max-pool and 1x1."""

    def __init__(self, channels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        one, three_in, three, five_in, five, pooled = widths
        self.out = one + three + five + pooled
        self.branch1 = ConvNorm(channels, one, 1)
        self.branch2 = nn.Sequential(
            ConvNorm(channels, three_in, 1), ConvNorm(three_in, three, 3, padding=1)
        )
        self.branch3 = nn.Sequential(
            ConvNorm(channels, five_in, 1), ConvNorm(five_in, five, 3, padding=1)
        )
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), ConvNorm(channels, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        branches = self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
        return torch.cat(branches, 1)  # (N, channels, H, W) -> (N, out, H, W)


class GoogLeNet(Network):
    """A stem and nine inception modules, with max-pools between them."""

    block_types = (InceptionModule,)

    def __init__(self, config: GoogLeNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans = in_chans
        self.conv1 = ConvNorm(in_chans, 64, 7, 2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = ConvNorm(64, 64, 1)
        self.conv3 = ConvNorm(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        channels = 192
        for place, widths in WIDTHS.items():
            if place == "4a":
                self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
            elif place == "5a":
                self.maxpool4 = nn.MaxPool2d(2)
            module = InceptionModule(channels, widths)
            self.add_module(f"inception{place}", module)
            channels = module.out
        self.num_features = channels
        self.feature_points = [
            FeaturePoint("conv1", 64, 2),
            FeaturePoint("conv3", 192, 4),
            FeaturePoint("inception3b", 480, 8),
            FeaturePoint("inception4e", 832, 16),
            FeaturePoint("inception5b", 1024, 32),
        ]
        self.avgpool = nn.AvgPool2d(7)
        self.dropout = nn.Dropout(0.4)
        self.fc: nn.Module = nn.Identity()
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        for name, module in self.named_children():  # in the order in which they were added
            if name not in ("avgpool", "dropout", "fc"):
                x = module(x)
        return x  # (N, in_chans, H, W) -> (N, 1024, h, w), 7 x 7 of 224 x 224

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.avgpool(x).flatten(1)  # (N, 1024, h, w) -> (N, 1024), sides 7 to 13
        x = self.dropout(x)
        return x if pre_logits else self.fc(x)  # (N, num_classes)
