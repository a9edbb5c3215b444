"""Inception v3 in PyTorch, with timm's and torchvision's names.

The network follows GluonCV's inception.py, which has no auxiliary classifier. Its last map is
averaged in a window of 8x8; timm and torchvision average the whole map, which is the same where
that map is 8x8.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from architectures.catalogue.inception_config import InceptionV3Config
from architectures.networks.conv_norm import ConvNorm
from architectures.networks.network import FeaturePoint, Network

WIDE, TALL = (1, 7), (7, 1)
PAD_WIDE, PAD_TALL = (0, 3), (3, 0)


class InceptionA(nn.Module):
    """1x1; 5x5; two 3x3; an average and 1x1. The sides stay."""

    def __init__(self, channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = ConvNorm(channels, 64, 1)
        self.branch5x5_1 = ConvNorm(channels, 48, 1)
        self.branch5x5_2 = ConvNorm(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = ConvNorm(channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, padding=1)
        self.pool = nn.AvgPool2d(3, 1, padding=1)
        self.branch_pool = ConvNorm(channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.branch1x1(x)  # (N, channels, H, W) -> (N, 64, H, W)
        five = self.branch5x5_2(self.branch5x5_1(x))  # (N, 64, H, W)
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))  # (N, 96, H, W)
        pooled = self.branch_pool(self.pool(x))  # (N, pooled, H, W)
        return torch.cat((one, five, double, pooled), 1)


class InceptionB(nn.Module):
    """3x3 with stride 2; two 3x3, the second with stride 2; a max-pool."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = ConvNorm(channels, 384, 3, 2)
        self.branch3x3dbl_1 = ConvNorm(channels, 64, 1)
        self.branch3x3dbl_2 = ConvNorm(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = ConvNorm(96, 96, 3, 2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3(x)  # (N, channels, H, W) -> (N, 384, h, w)
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))  # (N, 96, h, w)
        return torch.cat((three, double, self.pool(x)), 1)  # (N, 480 + channels, h, w)


class InceptionC(nn.Module):
    """1x1; 1x7 and 7x1; the two twice; an average and 1x1. The sides stay."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.branch1x1 = ConvNorm(channels, 192, 1)
        self.branch7x7_1 = ConvNorm(channels, width, 1)
        self.branch7x7_2 = ConvNorm(width, width, WIDE, padding=PAD_WIDE)
        self.branch7x7_3 = ConvNorm(width, 192, TALL, padding=PAD_TALL)
        self.branch7x7dbl_1 = ConvNorm(channels, width, 1)
        self.branch7x7dbl_2 = ConvNorm(width, width, TALL, padding=PAD_TALL)
        self.branch7x7dbl_3 = ConvNorm(width, width, WIDE, padding=PAD_WIDE)
        self.branch7x7dbl_4 = ConvNorm(width, width, TALL, padding=PAD_TALL)
        self.branch7x7dbl_5 = ConvNorm(width, 192, WIDE, padding=PAD_WIDE)
        self.pool = nn.AvgPool2d(3, 1, padding=1)
        self.branch_pool = ConvNorm(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.branch1x1(x)  # (N, channels, H, W) -> (N, 192, H, W)
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))  # (N, 192, H, W)
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))  # (N, 192, H, W)
        pooled = self.branch_pool(self.pool(x))  # (N, 192, H, W)
        return torch.cat((one, seven, double, pooled), 1)


class InceptionD(nn.Module):
    """3x3 with stride 2; 1x7, 7x1 and 3x3 with stride 2; a max-pool."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = ConvNorm(channels, 192, 1)
        self.branch3x3_2 = ConvNorm(192, 320, 3, 2)
        self.branch7x7x3_1 = ConvNorm(channels, 192, 1)
        self.branch7x7x3_2 = ConvNorm(192, 192, WIDE, padding=PAD_WIDE)
        self.branch7x7x3_3 = ConvNorm(192, 192, TALL, padding=PAD_TALL)
        self.branch7x7x3_4 = ConvNorm(192, 192, 3, 2)
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))  # (N, channels, H, W) -> (N, 320, h, w)
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))  # (N, 192, H, W)
        seven = self.branch7x7x3_4(seven)  # (N, 192, h, w)
        return torch.cat((three, seven, self.pool(x)), 1)  # (N, 512 + channels, h, w)


class InceptionE(nn.Module):
    """1x1; 1x3 beside 3x1; 3x3, then 1x3 beside 3x1; an average and 1x1. The sides stay."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch1x1 = ConvNorm(channels, 320, 1)
        self.branch3x3_1 = ConvNorm(channels, 384, 1)
        self.branch3x3_2a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = ConvNorm(channels, 448, 1)
        self.branch3x3dbl_2 = ConvNorm(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = ConvNorm(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = ConvNorm(384, 384, (3, 1), padding=(1, 0))
        self.pool = nn.AvgPool2d(3, 1, padding=1)
        self.branch_pool = ConvNorm(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.branch1x1(x)  # (N, channels, H, W) -> (N, 320, H, W)
        three = self.branch3x3_1(x)  # (N, 384, H, W)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))  # (N, 384, H, W)
        branches = (
            one,
            self.branch3x3_2a(three),  # (N, 384, H, W), as the three others like it
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(x)),  # (N, 192, H, W)
        )
        return torch.cat(branches, 1)  # (N, 2048, H, W)


class InceptionV3(Network):
    """A stem without padding, then eleven modules; its images are 299 x 299.

    Without padding, maps are a little smaller than the image's sides over their reduction.
    """

    block_types = (InceptionA, InceptionB, InceptionC, InceptionD, InceptionE)

    def __init__(
        self, config: InceptionV3Config, num_classes: int = 1000, in_chans: int = 3
    ) -> None:
        super().__init__()
        self.in_chans, self.num_features = in_chans, 2048
        self.Conv2d_1a_3x3 = ConvNorm(in_chans, 32, 3, 2)
        self.Conv2d_2a_3x3 = ConvNorm(32, 32, 3)
        self.Conv2d_2b_3x3 = ConvNorm(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = ConvNorm(64, 80, 1)
        self.Conv2d_4a_3x3 = ConvNorm(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, 2)
        self.Mixed_5b = InceptionA(192, 32)
        self.Mixed_5c = InceptionA(256, 64)
        self.Mixed_5d = InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, 128)
        self.Mixed_6c = InceptionC(768, 160)
        self.Mixed_6d = InceptionC(768, 160)
        self.Mixed_6e = InceptionC(768, 192)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.feature_points = [
            FeaturePoint("Conv2d_2b_3x3", 64, 2),
            FeaturePoint("Conv2d_4a_3x3", 192, 4),
            FeaturePoint("Mixed_5d", 288, 8),
            FeaturePoint("Mixed_6e", 768, 16),
            FeaturePoint("Mixed_7c", 2048, 32),
        ]
        self.avgpool = nn.AvgPool2d(8)
        self.dropout = nn.Dropout(0.5)
        self.fc: nn.Module = nn.Identity()
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        for name, module in self.named_children():  # in the order in which they were added
            if name not in ("avgpool", "dropout", "fc"):
                x = module(x)
        return x  # (N, in_chans, H, W) -> (N, 2048, h, w), 8 x 8 of 299 x 299

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.avgpool(x).flatten(1)  # (N, 2048, h, w) -> (N, 2048), sides 8 to 15
        x = self.dropout(x)
        return x if pre_logits else self.fc(x)  # (N, num_classes)
