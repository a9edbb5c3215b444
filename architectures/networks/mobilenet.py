"""MobileNet v1, v2 and v3 in PyTorch, with timm's names.

The networks follow GluonCV's mobilenet.py and mobilenetv3.py: strided convolutions pad evenly, the
epsilon of norms is 1e-5, v1 has ReLU and v2 ReLU6, and v3's 1x1 after the pooling has no bias.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.mobilenet_config import (
    Activation,
    MobileBlock,
    MobileNetConfig,
    MobileNetV3Config,
)
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.residual import initialise


def hard_sigmoid(x: Tensor) -> Tensor:
    """relu6(x + 3) / 6. On a GPU PyTorch's own multiplies by a float32 sixth, in float64 too."""
    return functional.relu6(x + 3) / 6


class HardSwish(nn.Module):
    """x times its hard sigmoid."""

    def forward(self, x: Tensor) -> Tensor:
        return x * hard_sigmoid(x)


ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hard_swish": HardSwish,
}


class MobileSqueezeExcite(nn.Module):
    """A gate weighs each channel: a hard sigmoid over what follows from the channels' means."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, hidden, 1)
        self.conv_expand = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean((2, 3), keepdim=True)  # (N, C, H, W) -> (N, C, 1, 1)
        gate = self.conv_expand(functional.relu(self.conv_reduce(gate)))  # (N, C, 1, 1)
        return x * hard_sigmoid(gate)  # (N, C, H, W)


class SeparableBlock(nn.Module):
    """Depthwise with the stride, SE, 1x1. The input is added if ``adds`` and the shapes agree.

    H and W are the sides of the input, h and w those of the output.
    """

    def __init__(self, channels: int, block: MobileBlock, adds: bool) -> None:
        super().__init__()
        self.adds = adds and block.stride == 1 and channels == block.out
        self.conv_dw = _depthwise(channels, block)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = ACTIVATIONS[block.activation]()
        self.se = _gate(channels, block)
        self.conv_pw = nn.Conv2d(channels, block.out, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(block.out)
        self.act2 = ACTIVATIONS[block.activation]() if block.activates_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.se(self.act1(self.bn1(self.conv_dw(x))))  # (N, C, H, W) -> (N, C, h, w)
        x = self.act2(self.bn2(self.conv_pw(x)))  # (N, out, h, w)
        return x + shortcut if self.adds else x


class InvertedResidual(nn.Module):
    """1x1 that widens, depthwise with the stride, SE, 1x1 without an activation. The input is added
    where the shapes agree.

    E are the widened channels, h and w the sides of the output.
    """

    def __init__(self, channels: int, block: MobileBlock) -> None:
        super().__init__()
        wide = block.expanded
        self.adds = block.stride == 1 and channels == block.out
        self.conv_pw = nn.Conv2d(channels, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.act1 = ACTIVATIONS[block.activation]()
        self.conv_dw = _depthwise(wide, block)
        self.bn2 = nn.BatchNorm2d(wide)
        self.act2 = ACTIVATIONS[block.activation]()
        self.se = _gate(wide, block)
        self.conv_pwl = nn.Conv2d(wide, block.out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(block.out)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.act1(self.bn1(self.conv_pw(x)))  # (N, C, H, W) -> (N, E, H, W)
        x = self.se(self.act2(self.bn2(self.conv_dw(x))))  # (N, E, h, w)
        x = self.bn3(self.conv_pwl(x))  # (N, out, h, w)
        return x + shortcut if self.adds else x


class MobileNet(Network):
    """MobileNet v1 or v2; its last map's sides are 1/32 of the image's, rounded up."""

    classifier_name = "classifier"
    sequences = ("blocks",)
    block_types = (SeparableBlock, InvertedResidual)

    def __init__(self, config: MobileNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans, self.num_classes, self.bias = in_chans, num_classes, config.bias
        self.conv_stem = nn.Conv2d(in_chans, config.stem, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(config.stem)
        self.act1 = ACTIVATIONS[config.activation]()
        self.blocks, channels = _stages(config.stem, config.stages, config.head > 0)
        self.conv_head: nn.Module = nn.Identity()
        self.bn2: nn.Module = nn.Identity()
        self.act2: nn.Module = nn.Identity()
        if config.head:
            self.conv_head = nn.Conv2d(channels, config.head, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(config.head)
            self.act2 = ACTIVATIONS[config.activation]()
        self.num_features = config.head or channels
        self.feature_points = _points(config.stem, config.stages)
        self.classifier = self.new_classifier(num_classes)
        initialise(self)

    def new_classifier(self, num_classes: int) -> nn.Module:
        if not num_classes:
            return nn.Identity()
        return nn.Linear(self.num_features, num_classes, bias=self.bias)

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv_stem(x)))  # (N, in_chans, H, W) -> (N, C, H / 2, W / 2)
        x = self.blocks(x)  # (N, C', h, w)
        x = self.act2(self.bn2(self.conv_head(x)))  # (N, num_features, h, w)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, num_features)
        if not pre_logits:
            x = self.classifier(x)  # (N, num_classes)
        return x


class MobileNetV3(Network):
    """MobileNet v3: a 1x1 makes the classifier's features from the pooled map."""

    classifier_name = "classifier"
    sequences = ("blocks",)
    block_types = (SeparableBlock, InvertedResidual)

    def __init__(
        self, config: MobileNetV3Config, num_classes: int = 1000, in_chans: int = 3
    ) -> None:
        super().__init__()
        self.in_chans, self.num_classes = in_chans, num_classes
        self.num_features, self.head_features = config.last, config.head
        self.conv_stem = nn.Conv2d(in_chans, config.stem, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(config.stem)
        self.act1 = HardSwish()
        self.blocks, channels = _stages(config.stem, config.stages, True)
        self.blocks.append(nn.Sequential(LastConvolution(channels, config.last)))
        self.feature_points = _points(config.stem, config.stages)
        last = FeaturePoint(f"blocks.{len(config.stages)}", config.last, 32)
        self.feature_points[-1] = last
        self.conv_head = nn.Conv2d(config.last, config.head, 1, bias=False)
        self.act2 = HardSwish()
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = self.new_classifier(num_classes)
        initialise(self)

    @property
    def head_hidden_size(self) -> int:
        return self.head_features

    def new_classifier(self, num_classes: int) -> nn.Module:
        return nn.Linear(self.head_features, num_classes) if num_classes else nn.Identity()

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv_stem(x)))  # (N, in_chans, H, W) -> (N, C, H / 2, W / 2)
        x = self.blocks(x)  # (N, num_features, h, w)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1)  # (N, num_features, 1, 1)
        x = self.act2(self.conv_head(x)).flatten(1)  # (N, head_features)
        x = self.dropout(x)
        if not pre_logits:
            x = self.classifier(x)  # (N, num_classes)
        return x


class LastConvolution(nn.Module):
    """The 1x1 after MobileNet v3's blocks: (N, channels, h, w) to (N, out, h, w)."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.act1 = HardSwish()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act1(self.bn1(self.conv(x)))
        return x


def _stages(
    channels: int, stages: tuple[tuple[MobileBlock, ...], ...], adds: bool
) -> tuple[nn.Sequential, int]:
    """The stages, and the channels of their output. ``adds``: whether blocks that do not widen
    their input add it."""
    made = nn.Sequential()
    for stage in stages:
        blocks: list[nn.Module] = []
        for block in stage:
            if block.expanded:
                blocks.append(InvertedResidual(channels, block))
            else:
                blocks.append(SeparableBlock(channels, block, adds))
            channels = block.out
        made.append(nn.Sequential(*blocks))
    return made, channels


def _points(channels: int, stages: tuple[tuple[MobileBlock, ...], ...]) -> list[FeaturePoint]:
    """The last map of each size, of the stem with stride 2 and of the stages after it."""
    points, reduction = [FeaturePoint("act1", channels, 2)], 2
    for index, stage in enumerate(stages):
        if stage[0].stride == 1:
            points.pop()
        else:
            reduction *= 2
        points.append(FeaturePoint(f"blocks.{index}", stage[-1].out, reduction))
    return points


def _depthwise(channels: int, block: MobileBlock) -> nn.Conv2d:
    kernel, padding = block.kernel, block.kernel // 2
    return nn.Conv2d(channels, channels, kernel, block.stride, padding, groups=channels, bias=False)


def _gate(channels: int, block: MobileBlock) -> nn.Module:
    return MobileSqueezeExcite(channels, block.squeeze) if block.squeeze else nn.Identity()
