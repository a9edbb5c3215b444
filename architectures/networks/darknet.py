"""DarkNet-53 in PyTorch, with the names of timm's ``darknet53``.

It differs from timm's in the slope of its activations below 0, which is 0.1, as in
gluoncv/model_zoo/yolo/darknet.py.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.darknet_config import DarkNetConfig
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.residual import initialise

SLOPE = 0.1


class ConvNormAct(nn.Module):
    """A convolution without a bias, its norm and a leaky ReLU; the sides are divided by the
    stride."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(out)
        self.act = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.bn(self.conv(x)))
        return x


class DarkBlock(nn.Module):
    """1x1 to half the channels, 3x3 back, and the sum with the input: (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvNormAct(channels, channels // 2, 1)
        self.conv2 = ConvNormAct(channels // 2, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.conv1(x)  # (N, C / 2, H, W)
        x = self.conv2(x)  # (N, C, H, W)
        return x + shortcut


class DarkStage(nn.Module):
    """A 3x3 with stride 2, then blocks: (N, channels, H, W) to (N, out, H / 2, W / 2)."""

    def __init__(self, channels: int, out: int, depth: int) -> None:
        super().__init__()
        self.conv_down = ConvNormAct(channels, out, 3, 2)
        self.blocks = nn.Sequential(*(DarkBlock(out) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.conv_down(x))
        return x


class PooledHead(nn.Module):
    """The classifier ``fc`` over a map's means: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, fc: nn.Module) -> None:
        super().__init__()
        self.fc = fc

    def forward(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, C)
        if not pre_logits:
            x = self.fc(x)  # (N, num_classes)
        return x


class DarkNet(Network):
    """A DarkNet; its last map's sides are 1/32 of the image's, rounded up."""

    classifier_name = "head.fc"
    sequences = ("stem", "stages")
    block_types = (DarkBlock,)

    def __init__(self, config: DarkNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        first, *widths = config.channels
        self.in_chans, self.num_classes, self.num_features = in_chans, num_classes, widths[-1]
        self.stem = nn.Sequential()
        self.stem.add_module("conv1", ConvNormAct(in_chans, first, 3))
        stages, channels = [], first
        for out, depth in zip(widths, config.depths, strict=True):
            stages.append(DarkStage(channels, out, depth))
            channels = out
        self.stages = nn.Sequential(*stages)
        self.head = PooledHead(self.new_classifier(num_classes))
        self.feature_points = [FeaturePoint("stem.conv1", first, 1)]
        for index, out in enumerate(widths):
            self.feature_points.append(FeaturePoint(f"stages.{index}", out, 2 ** (index + 1)))
        initialise(self)

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.stages(self.stem(x))  # (N, in_chans, H, W) -> (N, num_features, h, w)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.head(x, pre_logits)  # (N, num_classes)
        return x
