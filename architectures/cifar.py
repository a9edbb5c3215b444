"""Residual networks for CIFAR in PyTorch: three stages, a stem that keeps the image's size.

The facts are GluonCV's (cifarresnet.py's CIFARResNetV1, cifarresnext.py), names follow timm's
residual networks. The pre-activation networks for CIFAR are ``preactivation.PreActivationResNet``.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from architectures.cifar_config import CifarConfig
from architectures.residual import ResidualNetwork, initialise


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, the first with the stride."""

    def __init__(self, channels: int, out: int, stride: int, downsample: nn.Module) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, grouped 3x3 with the stride, 1x1."""

    def __init__(
        self, channels: int, out: int, stride: int, width: int, groups: int, downsample: nn.Module
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        return functional.relu(self.bn3(self.conv3(x)) + shortcut)


class CifarResNet(ResidualNetwork):
    """A residual network; its last map is a quarter of the image, rounded up."""

    def __init__(self, config: CifarConfig, num_classes: int = 10, in_chans: int = 3) -> None:
        super().__init__()
        channels, *widths = config.channels
        self.conv1 = nn.Conv2d(in_chans, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = nn.ReLU() if config.cardinality else nn.Identity()
        for index, (depth, out) in enumerate(zip(config.depths, widths, strict=True)):
            blocks = []
            for number in range(depth):
                stride = 2 if index and not number else 1
                blocks.append(_block(channels, out, stride, config))
                channels = out
            self.add_module(f"layer{index + 1}", nn.Sequential(*blocks))
        self.add_head(channels, num_classes)
        initialise(self)

    def forward_stem(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv1(x)))
        return x


def _block(channels: int, out: int, stride: int, config: CifarConfig) -> nn.Module:
    downsample: nn.Module = nn.Identity()
    if channels != out:
        conv = nn.Conv2d(channels, out, 1, stride, bias=False)
        downsample = nn.Sequential(conv, nn.BatchNorm2d(out))
    if config.cardinality is None:
        return BasicBlock(channels, out, stride, downsample)
    width = out // 4 * config.base_width // 64 * config.cardinality
    return Bottleneck(channels, out, stride, width, config.cardinality, downsample)
