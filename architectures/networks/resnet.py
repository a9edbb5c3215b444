"""Residual networks in PyTorch, with timm's state-dict names.

A bottleneck's stride is on its 3x3, the epsilon of norms is 1e-5, the max-pool has kernel 3, stride
2 and padding 1. GluonCV's resnetv1b.py and resnext.py agree on this with timm's resnet.py.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.config import ResNetConfig
from architectures.networks.network import FeaturePoint
from architectures.networks.residual import ResidualNetwork, initialise


class SqueezeExcite(nn.Module):
    """A gate weighs each channel; it is computed from the channels' means (Hu et al., 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean((2, 3), keepdim=True)  # (N, C, H, W) -> (N, C, 1, 1)
        gate = functional.relu(self.fc1(gate))  # (N, C / 16, 1, 1)
        return x * torch.sigmoid(self.fc2(gate))  # (N, C, H, W)


class BasicBlock(nn.Module):
    """3x3 with the stride, 3x3; SE comes before the shortcut is added.

    ``widths`` are the output channels of its convolutions.
    """

    gate: ClassVar[type[nn.Module]] = SqueezeExcite

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        stride: int,
        config: ResNetConfig,
        downsample: nn.Module,
    ) -> None:
        super().__init__()
        width, out = widths
        self.conv1 = nn.Conv2d(channels, width, 3, stride, padding=1, bias=False)
        self.bn1 = norm(config, width)
        self.conv2 = nn.Conv2d(width, out, 3, padding=1, bias=False)
        self.bn2 = norm(config, out)
        self.se = self.gate(out) if config.se else nn.Identity()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)  # (N, channels, H, W) -> (N, out, H / stride, W / stride)
        x = functional.relu(self.bn1(self.conv1(x)))  # (N, width, H / stride, W / stride)
        x = self.se(self.bn2(self.conv2(x)))  # (N, out, H / stride, W / stride)
        return functional.relu(x + shortcut)


class Bottleneck(nn.Module):
    """1x1, grouped 3x3, 1x1; SE comes before the shortcut is added.

    ``widths`` are the output channels of its convolutions. The stride is on the 3x3, and the 1x1
    convolutions have no biases, unless a subclass says otherwise.
    """

    gate: ClassVar[type[nn.Module]] = SqueezeExcite
    strides_first: ClassVar[bool] = False
    bias: ClassVar[bool] = False

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        stride: int,
        config: ResNetConfig,
        downsample: nn.Module,
    ) -> None:
        super().__init__()
        first, width, out = widths
        strides = (stride, 1) if self.strides_first else (1, stride)
        groups = config.cardinality
        self.conv1 = nn.Conv2d(channels, first, 1, strides[0], bias=self.bias)
        self.bn1 = norm(config, first)
        self.conv2 = nn.Conv2d(first, width, 3, strides[1], padding=1, groups=groups, bias=False)
        self.bn2 = norm(config, width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=self.bias)
        self.bn3 = norm(config, out)
        self.se = self.gate(out) if config.se else nn.Identity()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)  # (N, channels, H, W) -> (N, out, H / stride, W / stride)
        x = functional.relu(self.bn1(self.conv1(x)))  # (N, first, H, W)
        x = functional.relu(self.bn2(self.conv2(x)))  # (N, width, H / stride, W / stride)
        x = self.se(self.bn3(self.conv3(x)))  # (N, out, H / stride, W / stride)
        return functional.relu(x + shortcut)


class ResNet(ResidualNetwork):
    """A residual network; its last map's sides are 1/32 of the image's, rounded up.

    Subclasses choose other blocks, another stem or other shortcuts.
    """

    blocks: ClassVar[dict[str, type[nn.Module]]] = {"basic": BasicBlock, "bottleneck": Bottleneck}
    block_types = (BasicBlock, Bottleneck)
    stem_stride: ClassVar[int] = 2
    dropout_rate: ClassVar[float] = 0.0

    def __init__(self, config: ResNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans = in_chans
        channels = config.stem[-1]
        self.conv1 = self.stem_convolution(config, in_chans)
        self.bn1: nn.Module = norm(config, channels)
        self.act1, self.maxpool = self.stem_end(config)
        for index, widths in enumerate(config.widths):
            stage = self.stage(channels, widths, 1 if index == 0 else 2, config)
            self.add_module(f"layer{index + 1}", stage)
            channels = widths[-1][-1]
        stem = FeaturePoint("act1", config.stem[-1], self.stem_stride)
        pooled = not isinstance(self.maxpool, nn.Identity)
        self.add_points(stem, [widths[-1][-1] for widths in config.widths], 0 if pooled else 1)
        self.add_head(channels, num_classes, self.dropout_rate)
        initialise(self)

    def stem_convolution(self, config: ResNetConfig, in_chans: int) -> nn.Module:
        """One 7x7 with stride 2, or three 3x3 of which the first has stride 2."""
        if len(config.stem) == 1:
            return nn.Conv2d(in_chans, config.stem[0], 7, 2, padding=3, bias=False)
        first, second, third = config.stem
        return nn.Sequential(
            nn.Conv2d(in_chans, first, 3, 2, padding=1, bias=False),
            norm(config, first),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, padding=1, bias=False),
            norm(config, second),
            nn.ReLU(),
            nn.Conv2d(second, third, 3, padding=1, bias=False),
        )

    def stem_end(self, config: ResNetConfig) -> tuple[nn.Module, nn.Module]:
        """What follows the stem's last norm: the activation and the pooling."""
        return nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)

    def stage(
        self, channels: int, widths: tuple[tuple[int, ...], ...], stride: int, config: ResNetConfig
    ) -> nn.Sequential:
        """Blocks of these widths. The first has the stride; only its shortcut can have layers."""
        block, out = self.blocks[config.block], widths[0][-1]
        downsample: nn.Module = nn.Identity()
        if stride > 1 or config.block != "basic":
            downsample = self.shortcut(channels, out, stride, config)
        blocks = [block(channels, widths[0], stride, config, downsample)]
        blocks += [block(out, rest, 1, config, nn.Identity()) for rest in widths[1:]]
        return nn.Sequential(*blocks)

    def shortcut(self, channels: int, out: int, stride: int, config: ResNetConfig) -> nn.Module:
        """A 1x1 with the stride; or a 2x2 average with the stride, then a 1x1."""
        if not config.average_down:
            conv = nn.Conv2d(channels, out, 1, stride, bias=False)
            return nn.Sequential(conv, norm(config, out))
        pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        conv = nn.Conv2d(channels, out, 1, bias=False)
        return nn.Sequential(nn.Identity() if stride == 1 else pool, conv, norm(config, out))

    def forward_stem(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv1(x)))  # (N, in_chans, H, W) -> (N, C, H / 2, W / 2)
        x = self.maxpool(x)  # (N, C, H / 4, W / 4)
        return x


def norm(config: ResNetConfig, channels: int) -> nn.BatchNorm2d | nn.GroupNorm:
    """The network's kind of normalisation for this many channels."""
    return nn.GroupNorm(32, channels) if config.norm == "group" else nn.BatchNorm2d(channels)
