"""Pre-activation residual networks in PyTorch: norm and ReLU stand before each convolution.

The network follows GluonCV's resnet.py (ResNetV2), cifarresnet.py (CIFARResNetV2) and
cifarwideresnet.py, and the symbol script of MXNet's example/image-classification: it normalises the
images itself, its shortcuts are convolutions without a norm, and a last norm and ReLU follow the
stages. Names follow timm's residual networks; ``bn0`` is the norm of the input and ``norm`` is the
last one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.networks.network import FeaturePoint
from architectures.networks.residual import ResidualNetwork, initialise
from architectures.networks.resnet_v1 import DenseGate


class InputNorm(nn.BatchNorm2d):
    """BatchNorm that neither scales nor learns: Gluon's ``BatchNorm(scale=False, center=False)``.

    Such a layer still has a gamma, in whose place MXNet always uses ones (``fix_gamma``), and a
    beta, which MXNet adds. Both are kept, so that no tensor is lost.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__(channels, eps)
        self.weight.requires_grad_(False)
        self.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.batch_norm(  # (N, C, H, W)
            x,
            self.running_mean,
            self.running_var,
            torch.ones_like(self.weight),
            self.bias,
            self.training,
            self.momentum or 0.1,
            self.eps,
        )


class PreActivationBlock(nn.Module):
    """Norm and ReLU, the convolutions of a subclass, the gate, and the sum with the shortcut.

    H and W are the sides of the input; a block with a stride gives h = H / stride, w = W / stride.
    """

    def __init__(
        self, channels: int, out: int, stride: int, first: bool, config: PreActivationConfig
    ) -> None:
        super().__init__()
        self.raw_shortcut = config.raw_shortcut
        self.bn1 = nn.BatchNorm2d(channels, config.eps)
        self.add_convolutions(channels, out, stride, config.eps)
        self.se = DenseGate(out) if config.se else nn.Identity()
        self.downsample = None
        if channels != out or (first and config.always_projects):
            self.downsample = nn.Conv2d(channels, out, 1, stride, bias=False)

    def add_convolutions(self, channels: int, out: int, stride: int, eps: float) -> None:
        """Add the layers that ``convolve`` uses."""
        raise NotImplementedError

    def convolve(self, x: Tensor) -> Tensor:
        """The first activation (N, channels, H, W) to what the block adds (N, out, h, w)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        active = functional.relu(self.bn1(x))  # (N, channels, H, W)
        shortcut = x  # (N, channels, H, W)
        if self.downsample is not None:
            shortcut = self.downsample(x if self.raw_shortcut else active)  # (N, out, h, w)
        x = self.se(self.convolve(active))  # (N, out, h, w)
        return x + shortcut


class PreActivationBasicBlock(PreActivationBlock):
    """Two 3x3 convolutions; the first has the stride."""

    def add_convolutions(self, channels: int, out: int, stride: int, eps: float) -> None:
        self.conv1 = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out, eps)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)

    def convolve(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # (N, channels, H, W) -> (N, out, h, w)
        x = self.conv2(functional.relu(self.bn2(x)))  # (N, out, h, w)
        return x


class PreActivationBottleneck(PreActivationBlock):
    """1x1, 3x3 with the stride, 1x1; the inner convolutions have a quarter of the channels."""

    def add_convolutions(self, channels: int, out: int, stride: int, eps: float) -> None:
        width = out // 4
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, eps)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width, eps)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)

    def convolve(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # (N, channels, H, W) -> (N, out / 4, H, W)
        x = self.conv2(functional.relu(self.bn2(x)))  # (N, out / 4, h, w)
        x = self.conv3(functional.relu(self.bn3(x)))  # (N, out, h, w)
        return x


class PreActivationResNet(ResidualNetwork):
    """A pre-activation network. Its last map has passed a norm and a ReLU.

    Below, s is the stride of the stem: 4 for ImageNet, 1 for CIFAR.
    """

    block_types = (PreActivationBlock,)

    def __init__(
        self, config: PreActivationConfig, num_classes: int = 1000, in_chans: int = 3
    ) -> None:
        super().__init__()
        self.in_chans = in_chans
        channels, *widths = config.channels
        self.bn0 = InputNorm(in_chans, config.eps)
        self.act1: nn.Module
        self.maxpool: nn.Module
        if config.stem == "imagenet":
            self.conv1 = nn.Conv2d(in_chans, channels, 7, 2, padding=3, bias=False)
            self.act1, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)
        else:
            self.conv1 = nn.Conv2d(in_chans, channels, 3, padding=1, bias=False)
            self.act1, self.maxpool = nn.Identity(), nn.Identity()
        plain = config.stem == "cifar"
        self.bn1 = nn.Identity() if plain else nn.BatchNorm2d(channels, config.eps)
        block = PreActivationBottleneck if config.bottleneck else PreActivationBasicBlock
        for index, (depth, out) in enumerate(zip(config.depths, widths, strict=True)):
            blocks = []
            for number in range(depth):
                stride = 2 if index and not number else 1
                blocks.append(block(channels, out, stride, not number, config))
                channels = out
            self.add_module(f"layer{index + 1}", nn.Sequential(*blocks))
        self.norm = nn.BatchNorm2d(channels, config.eps)
        pooled = config.stem == "imagenet"
        stem = FeaturePoint("bn1", config.channels[0], 2 if pooled else 1)
        self.add_points(stem, widths, 0 if pooled else 1)
        self.feature_points[-1] = self.feature_points[-1]._replace(module="norm")
        self.add_head(channels, num_classes)
        initialise(self)

    def forward_start(self, x: Tensor) -> Tensor:
        """The stem without its pooling."""
        x = self.conv1(self.bn0(x))  # (N, in_chans, H, W) -> (N, C, H / 2, W / 2); CIFAR: H, W
        x = self.act1(self.bn1(x))
        return x

    def forward_stem(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.forward_start(x))  # (N, C, H / s, W / s)
        return x

    def forward_maps(self, x: Tensor, last: int) -> list[Tensor]:
        start = self.forward_start(x)
        maps, x = [start], self.maxpool(start)
        for name, stage in self.named_children():
            if name.startswith("layer") and len(maps) <= last:
                x = stage(x)
                maps.append(x)
        if last == len(self.feature_points) - 1:
            maps[-1] = functional.relu(self.norm(x))
        return maps

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.forward_stages(self.forward_stem(x))  # (N, in_chans, H, W) -> (N, C, h, w)
        return functional.relu(self.norm(x))  # (N, C, h, w), C = num_features
