"""ResNeSt in PyTorch, with timm's state-dict names.

Radix 2, cardinality 1, deep stem, average-pooled shortcuts; where a block has a stride, an average
pool after its split attention takes it: the facts of GluonCV's resnest.py and splat.py and of
timm's resnest.py, which agree. DropBlock and its place are GluonCV's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.resnest_config import ResNeStConfig
from architectures.networks.residual import ResidualNetwork, initialise

EXPANSION = 4
FIRST_DROPPED = 2  # index of the first stage with DropBlock


class DropBlock(nn.Module):
    """In training, regions of 3 x 3 are set to 0, the same for all images, and the rest is scaled
    up to keep the sum (Ghiasi et al., 2018). Otherwise, and for smaller maps, nothing."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability, self.side = probability, 3

    def forward(self, x: Tensor) -> Tensor:
        _, channels, height, width = x.shape
        if not self.training or self.probability <= 0 or min(height, width) < self.side:
            return x
        centres = (height - self.side + 1) * (width - self.side + 1)
        rate = self.probability * height * width / (self.side * self.side * centres)
        seeds = (torch.rand(1, channels, height, width, device=x.device) < rate).to(x.dtype)
        kept = 1 - functional.max_pool2d(seeds, self.side, 1, padding=self.side // 2)
        return x * kept * (kept.numel() / kept.sum())


class SplitAttention(nn.Module):
    """A grouped 3x3 whose two halves are weighed against each other, channel by channel."""

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
        x = functional.relu(self.bn0(self.conv(x)))
        halves = torch.unflatten(x, 1, (self.radix, -1))
        gate = halves.sum(1).mean((2, 3), keepdim=True)
        gate = self.fc2(functional.relu(self.bn1(self.fc1(gate))))
        return (halves * torch.unflatten(gate, 1, (self.radix, -1)).softmax(1)).sum(1)


class Bottleneck(nn.Module):
    """1x1, split attention, average pool where there is a stride, 1x1."""

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
        shortcut = self.downsample(x)
        x = functional.relu(self.drop_block(self.bn1(self.conv1(x))))
        x = self.pool(self.drop_block(self.conv2(x)))
        x = self.drop_block(self.bn3(self.conv3(x)))
        return functional.relu(x + shortcut)


class ResNeSt(ResidualNetwork):
    """A split-attention network; its last map is a thirty-second of the image, rounded up."""

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
                block = Bottleneck(
                    channels, planes, 1 if number else stride, drop_block, downsample
                )
                blocks.append(block)
                channels = planes * EXPANSION
            self.add_module(f"layer{index + 1}", nn.Sequential(*blocks))
        self.add_head(channels, num_classes, config.dropout)
        initialise(self)

    def forward_stem(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
        return x


def _stem(in_chans: int, width: int) -> nn.Module:
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
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
    out = planes * EXPANSION
    return nn.Sequential(
        pool if stride > 1 else nn.Identity(),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
    )
