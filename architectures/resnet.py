"""Residual networks in PyTorch, with timm's state-dict names.

A bottleneck's stride is on its 3x3, epsilon of norms is 1e-5, the max-pool is 3/2/1: the facts of
GluonCV's resnetv1b.py and resnext.py, and of timm's resnet.py, which agree.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.config import ResNetConfig
from architectures.network import Network


class SqueezeExcite(nn.Module):
    """Channels weighed by a gate computed from their means (Hu et al., 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // 16, 1)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean((2, 3), keepdim=True)
        gate = functional.relu(self.fc1(gate))
        return x * torch.sigmoid(self.fc2(gate))


class BasicBlock(nn.Module):
    """3x3 with the stride, 3x3; SE before the shortcut is added.

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
        shortcut = self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.se(self.bn2(self.conv2(x)))
        return functional.relu(x + shortcut)


class Bottleneck(nn.Module):
    """1x1, grouped 3x3 with the stride, 1x1; SE before the shortcut is added.

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
        first, width, out = widths
        self.conv1 = nn.Conv2d(channels, first, 1, bias=False)
        self.bn1 = norm(config, first)
        self.conv2 = nn.Conv2d(
            first, width, 3, stride, padding=1, groups=config.cardinality, bias=False
        )
        self.bn2 = norm(config, width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = norm(config, out)
        self.se = self.gate(out) if config.se else nn.Identity()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = self.se(self.bn3(self.conv3(x)))
        return functional.relu(x + shortcut)


class ResNet(Network):
    """A residual network; its last map is a thirty-second of the image, rounded up."""

    blocks: ClassVar[dict[str, type[nn.Module]]] = {"basic": BasicBlock, "bottleneck": Bottleneck}

    def __init__(self, config: ResNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.conv1 = _stem(config, in_chans)
        channels = config.stem[-1]
        self.bn1 = norm(config, channels)
        self.act1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        for index, widths in enumerate(config.widths):
            stage = self._stage(channels, widths, 1 if index == 0 else 2, config)
            self.add_module(f"layer{index + 1}", stage)
            channels = widths[-1][-1]
        self.num_features = channels
        self.num_classes = num_classes
        self.fc = _classifier(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
        for name, stage in self.named_children():
            if name.startswith("layer"):
                x = stage(x)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)
        return x if pre_logits else self.fc(x)

    def get_classifier(self) -> nn.Module:
        return self.fc

    def reset_classifier(self, num_classes: int) -> None:
        weight = self.bn1.weight
        self.num_classes = num_classes
        self.fc = _classifier(self.num_features, num_classes).to(weight.device, weight.dtype)

    def _stage(
        self, channels: int, widths: tuple[tuple[int, ...], ...], stride: int, config: ResNetConfig
    ) -> nn.Sequential:
        """Blocks of these widths, the first with the stride and a shortcut that has layers."""
        block, out = self.blocks[config.block], widths[0][-1]
        downsample: nn.Module = nn.Identity()
        if stride > 1 or config.block != "basic":
            downsample = self._shortcut(channels, out, stride, config)
        blocks = [block(channels, widths[0], stride, config, downsample)]
        blocks += [block(out, rest, 1, config, nn.Identity()) for rest in widths[1:]]
        return nn.Sequential(*blocks)

    def _shortcut(self, channels: int, out: int, stride: int, config: ResNetConfig) -> nn.Module:
        if not config.average_down:
            conv = nn.Conv2d(channels, out, 1, stride, bias=False)
            return nn.Sequential(conv, norm(config, out))
        pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        conv = nn.Conv2d(channels, out, 1, bias=False)
        return nn.Sequential(nn.Identity() if stride == 1 else pool, conv, norm(config, out))


def norm(config: ResNetConfig, channels: int) -> nn.BatchNorm2d | nn.GroupNorm:
    """The normalisation of this many channels that the network has."""
    return nn.GroupNorm(32, channels) if config.norm == "group" else nn.BatchNorm2d(channels)


def _stem(config: ResNetConfig, in_chans: int) -> nn.Module:
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


def _classifier(channels: int, num_classes: int) -> nn.Module:
    return nn.Linear(channels, num_classes) if num_classes else nn.Identity()
