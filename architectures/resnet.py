"""The residual networks in PyTorch, with timm's state-dict names.

Bottleneck, expansion 4, stride on the 3x3, BatchNorm epsilon 1e-5, max-pool 3/2/1: the facts of
GluonCV's resnext.py and of timm's resnet.py, which agree.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.config import ResNetConfig
from architectures.network import Network

EXPANSION = 4


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


class Bottleneck(nn.Module):
    """1x1, grouped 3x3 with the stride, 1x1; SE before the shortcut is added."""

    def __init__(
        self, channels: int, planes: int, stride: int, config: ResNetConfig, downsample: nn.Module
    ) -> None:
        super().__init__()
        width = planes * config.base_width // 64 * config.cardinality
        out = planes * EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(
            width, width, 3, stride, padding=1, groups=config.cardinality, bias=False
        )
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.se = SqueezeExcite(out) if config.se else nn.Identity()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        x = self.se(self.bn3(self.conv3(x)))
        return functional.relu(x + shortcut)


class ResNet(Network):
    """A residual network; its last map is a thirty-second of the image, rounded up."""

    def __init__(self, config: ResNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.conv1 = _stem(config.stem, in_chans)
        self.bn1 = nn.BatchNorm2d(config.stem[-1])
        self.act1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = config.stem[-1]
        for index, depth in enumerate(config.depths):
            planes = 64 * 2**index
            stage = _stage(channels, planes, depth, first=index == 0, config=config)
            self.add_module(f"layer{index + 1}", stage)
            channels = planes * EXPANSION
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


def _stem(widths: tuple[int, ...], in_chans: int) -> nn.Module:
    if len(widths) == 1:
        return nn.Conv2d(in_chans, widths[0], 7, 2, padding=3, bias=False)
    first, second, third = widths
    return nn.Sequential(
        nn.Conv2d(in_chans, first, 3, 2, padding=1, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        nn.Conv2d(first, second, 3, padding=1, bias=False),
        nn.BatchNorm2d(second),
        nn.ReLU(),
        nn.Conv2d(second, third, 3, padding=1, bias=False),
    )


def _stage(
    channels: int, planes: int, depth: int, first: bool, config: ResNetConfig
) -> nn.Sequential:
    stride, out = 1 if first else 2, planes * EXPANSION
    shortcut: list[nn.Module] = [nn.Conv2d(channels, out, 1, stride, bias=False)]
    if config.average_down:
        pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)
        shortcut = [nn.Identity() if first else pool, nn.Conv2d(channels, out, 1, bias=False)]
    downsample = nn.Sequential(*shortcut, nn.BatchNorm2d(out))
    blocks = [Bottleneck(channels, planes, stride, config, downsample)]
    blocks += [Bottleneck(out, planes, 1, config, nn.Identity()) for _ in range(1, depth)]
    return nn.Sequential(*blocks)


def _classifier(channels: int, num_classes: int) -> nn.Module:
    return nn.Linear(channels, num_classes) if num_classes else nn.Identity()
