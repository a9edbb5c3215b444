"""ResNeSt in PyTorch, with timm's state-dict names.

Radix 2, cardinality 1, a deep stem, shortcuts with average pooling. A block's stride is in an
average pool after its split attention. GluonCV's resnest.py and splat.py agree on this with timm's
resnest.py. DropBlock and its place are GluonCV's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.resnest_config import ResNeStConfig
from architectures.networks.network import FeaturePoint
from architectures.networks.residual import ResidualNetwork, initialise

EXPANSION = 4
FIRST_DROPPED = 2  # index of the first stage with DropBlock


class DropBlock(nn.Module):
    """In training, sets regions of 3 x 3 to 0, the same ones for all images, and scales up the rest
    to keep the sum (Ghiasi et al., 2018). Leaves smaller maps, and all maps in inference, as they
    are."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability, self.side = probability, 3

    def forward(self, x: Tensor) -> Tensor:
        _, channels, height, width = x.shape  # (N, C, H, W)
        if not self.training or self.probability <= 0 or min(height, width) < self.side:
            return x
        centres = (height - self.side + 1) * (width - self.side + 1)
        rate = self.probability * height * width / (self.side * self.side * centres)
        seeds = torch.rand(1, channels, height, width, device=x.device) < rate  # (1, C, H, W)
        dropped = functional.max_pool2d(seeds.to(x.dtype), self.side, 1, padding=self.side // 2)
        kept = 1 - dropped  # (1, C, H, W)
        return x * kept * (kept.numel() / kept.sum())  # (N, C, H, W)


class SplitAttention(nn.Module):
    """A grouped 3x3 convolution whose two halves are weighed against each other in each channel.

    R is the radix, 2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.radix = 2
        split, hidden = channels * self.radix, max(channels * self.radix // 4, 32)
        self.conv = nn.Conv2d(channels, split, 3, padding=1, groups=self.radix, bias=False)
        self.bn0 = nn.BatchNorm2d(split)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.fc2 = nn.Conv2d(hidden, split, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn0(self.conv(x)))  # (N, C, H, W) -> (N, R * C, H, W)
        halves = torch.unflatten(x, 1, (self.radix, -1))  # (N, R, C, H, W)
        gate = halves.sum(1).mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        gate = functional.relu(self.bn1(self.fc1(gate)))  # (N, hidden, 1, 1)
        gate = torch.unflatten(self.fc2(gate), 1, (self.radix, -1))  # (N, R, C, 1, 1)
        return (halves * gate.softmax(1)).sum(1)  # (N, C, H, W)


class ResNeStBottleneck(nn.Module):
    """1x1, split attention, an average pool if the block has a stride, 1x1.

    H and W are the sides of the input; a block with a stride gives h = H / stride, w = W / stride.
    """

    def __init__(
        self, channels: int, planes: int, stride: int, drop_block: float, downsample: nn.Module
    ) -> None:
        super().__init__()
        out = planes * EXPANSION
        self.conv1 = nn.Conv2d(channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = SplitAttention(planes)
        self.pool = nn.AvgPool2d(3, stride, padding=1) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.drop_block = DropBlock(drop_block)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)  # (N, channels, H, W) -> (N, 4 * planes, h, w)
        x = functional.relu(self.drop_block(self.bn1(self.conv1(x))))  # (N, planes, H, W)
        x = self.pool(self.drop_block(self.conv2(x)))  # (N, planes, h, w)
        x = self.drop_block(self.bn3(self.conv3(x)))  # (N, 4 * planes, h, w)
        return functional.relu(x + shortcut)


class ResNeSt(ResidualNetwork):
    """A split-attention network. Its last map's sides are 1/32 of the image's, rounded up."""

    block_types = (ResNeStBottleneck,)

    def __init__(self, config: ResNeStConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans = in_chans
        channels = 2 * config.stem_width
        self.conv1 = _stem(in_chans, config.stem_width)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        for index, depth in enumerate(config.depths):
            planes, stride = 64 * 2**index, 2 if index else 1
            drop_block = config.drop_block if index >= FIRST_DROPPED else 0.0
            blocks = []
            for number in range(depth):
                downsample = nn.Identity() if number else _shortcut(channels, planes, stride)
                block = ResNeStBottleneck(
                    channels, planes, 1 if number else stride, drop_block, downsample
                )
                blocks.append(block)
                channels = planes * EXPANSION
            self.add_module(f"layer{index + 1}", nn.Sequential(*blocks))
        stem = FeaturePoint("act1", 2 * config.stem_width, 2)
        widths = [64 * 2**index * EXPANSION for index in range(len(config.depths))]
        self.add_points(stem, widths, halved=0)
        self.add_head(channels, num_classes, config.dropout)
        initialise(self)

    def forward_stem(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv1(x)))  # (N, in_chans, H, W) -> (N, C, H / 2, W / 2)
        x = self.maxpool(x)  # (N, C, H / 4, W / 4)
        return x


def _stem(in_chans: int, width: int) -> nn.Module:
    """Three 3x3 convolutions, (N, in_chans, H, W) to (N, 2 * width, H / 2, W / 2)."""
    return nn.Sequential(
        nn.Conv2d(in_chans, width, 3, 2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1, bias=False),
    )


def _shortcut(channels: int, planes: int, stride: int) -> nn.Module:
    """An average pool with the stride, then a 1x1: to (N, 4 * planes, H / stride, W / stride)."""
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    out = planes * EXPANSION
    return nn.Sequential(
        pool if stride > 1 else nn.Identity(),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
    )
