"""HRNet for classification in PyTorch, with timm's state-dict names.

GluonCV's hrnet.py (HighResolutionClsNet, with its default of nearest-neighbour upsampling) agrees
with timm's hrnet.py. Below, C is the network's width, and h and w are the sides of the branch with
the highest resolution: a quarter of the image's. Branch k has 2**k * C channels and sides
h / 2**k and w / 2**k.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.hrnet_config import HRNetConfig
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.residual import initialise
from architectures.networks.resnet import BasicBlock, Bottleneck

PLAIN = ResNetConfig(())
"""Blocks without gates and groups, and with BatchNorm."""

HEAD_PLANES = (32, 64, 128, 256)
FEATURES = 2048


class Fuse(nn.Module):
    """All branches into the one numbered ``into``: the sum of all, at its size and width.

    Branches of lower resolution are enlarged (nearest neighbour); those of higher resolution go
    through convolutions with stride 2.
    """

    def __init__(self, into: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        out = widths[into]
        for origin, channels in enumerate(widths):
            layer: nn.Module = nn.Identity()
            if origin > into:
                enlarge = nn.Upsample(scale_factor=2 ** (origin - into), mode="nearest")
                layer = nn.Sequential(*_convolution(channels, out, 1), enlarge)
            elif origin < into:
                steps = [_halving(channels, channels) for _ in range(into - origin - 1)]
                last = nn.Sequential(*_convolution(channels, out, 3, 2))
                layer = nn.Sequential(*steps, last)
            self.add_module(str(origin), layer)

    def forward(self, branches: list[Tensor]) -> Tensor:
        total = branches[0]
        for origin, layer in enumerate(self.children()):
            part = layer(branches[origin])  # (N, widths[into], h / 2**into, w / 2**into)
            total = total + part if origin else part
        return functional.relu(total)


class HighResolutionModule(nn.Module):
    """Basic blocks in every branch, then every branch is fused with all others."""

    def __init__(self, widths: tuple[int, ...], depth: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(c, (c, c), 1, PLAIN, nn.Identity()) for _ in range(depth)))
            for c in widths
        )
        self.fuse_layers = nn.ModuleList(Fuse(into, widths) for into in range(len(widths)))

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        branches: list[Tensor] = []
        for index, branch in enumerate(self.branches):
            branches.append(branch(x[index]))
        return [fuse(branches) for fuse in self.fuse_layers]


class BranchStage(nn.Module):
    """High-resolution modules one after the other."""

    def __init__(self, widths: tuple[int, ...], count: int, depth: int) -> None:
        super().__init__()
        for number in range(count):
            self.add_module(str(number), HighResolutionModule(widths, depth))

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        for module in self.children():
            x = module(x)
        return x


class BranchTransition(nn.Module):
    """The branches of one stage to those of the next, which has one more, made from the last."""

    def __init__(self, channels: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        for index, out in enumerate(widths):
            layer: nn.Module = nn.Identity()
            if index == len(channels):
                layer = nn.Sequential(_halving(channels[-1], out))
            elif channels[index] != out:
                layer = nn.Sequential(*_convolution(channels[index], out, 3), nn.ReLU())
            self.add_module(str(index), layer)

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        made: list[Tensor] = []
        for index, layer in enumerate(self.children()):
            made.append(layer(x[min(index, len(x) - 1)]))
        return made


class HRNet(Network):
    """A high-resolution network; its last map has 1/32 of the image's sides.

    The image's sides must be multiples of 32: the branches' sides would not fit otherwise.
    """

    classifier_name = HRNetConfig.classifier
    block_types = (BasicBlock, Bottleneck)

    def __init__(self, config: HRNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans, self.num_features = in_chans, FEATURES
        self.conv1 = nn.Conv2d(in_chans, 64, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = nn.Conv2d(64, 64, 3, 2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        out = 4 * config.first_planes
        self.layer1 = nn.Sequential(
            *(_bottleneck(out if n else 64, config.first_planes) for n in range(config.first_depth))
        )
        two, three, four = config.modules
        channels = tuple(config.width * 2**branch for branch in range(4))
        self.transition1 = BranchTransition((out,), channels[:2])
        self.stage2 = BranchStage(channels[:2], two, config.depth)
        self.transition2 = BranchTransition(channels[:2], channels[:3])
        self.stage3 = BranchStage(channels[:3], three, config.depth)
        self.transition3 = BranchTransition(channels[:3], channels)
        self.stage4 = BranchStage(channels, four, config.depth)
        outputs = [4 * planes for planes in HEAD_PLANES]
        self.incre_modules = nn.ModuleList(
            nn.Sequential(_bottleneck(c, planes))
            for c, planes in zip(channels, HEAD_PLANES, strict=True)
        )
        self.downsamp_modules = nn.ModuleList(
            _halving(c, wider, bias=True) for c, wider in pairwise(outputs)
        )
        self.final_layer = nn.Sequential(
            *_convolution(outputs[-1], FEATURES, 1, bias=True), nn.ReLU()
        )
        self.feature_points = [FeaturePoint("bn1", 64, 2)]
        for index, out in enumerate(outputs):
            point = FeaturePoint(f"incre_modules.{index}", out, 2 ** (index + 2))
            self.feature_points.append(point)
        self.num_classes = num_classes
        self.classifier = self.new_classifier(num_classes)
        initialise(self)

    @property
    def stage_ends(self) -> list[str]:
        return ["bn2", "layer1", "stage2", "stage3", "stage4", "final_layer"]

    def forward_start(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the stem's first map (N, 64, H / 2, W / 2)."""
        return functional.relu(self.bn1(self.conv1(x)))

    def forward_branches(self, x: Tensor) -> list[Tensor]:
        """The stem's first map to the four branches (N, 2**k * C, h / 2**k, w / 2**k) of the last
        stage."""
        x = functional.relu(self.bn2(self.conv2(x)))  # (N, 64, h, w)
        x = self.layer1(x)  # (N, 4 * first_planes, h, w)
        branches: list[Tensor] = self.stage2(self.transition1([x]))
        branches = self.stage3(self.transition2(branches))
        branches = self.stage4(self.transition3(branches))
        return branches

    def forward_maps(self, x: Tensor, last: int) -> list[Tensor]:
        x = self.forward_start(x)
        maps = [x]
        if last:
            branches = self.forward_branches(x)
            maps += [widen(branches[index]) for index, widen in enumerate(self.incre_modules)]
        return maps

    def forward_features(self, x: Tensor) -> Tensor:
        branches = self.forward_branches(self.forward_start(x))
        wide: list[Tensor] = []
        for index, widen in enumerate(self.incre_modules):
            wide.append(widen(branches[index]))  # (N, 128 * 2**k, h / 2**k, w / 2**k)
        total = wide[0]
        for index, halve in enumerate(self.downsamp_modules):
            total = wide[index + 1] + halve(total)  # at the end (N, 1024, h / 8, w / 8)
        x = self.final_layer(total)  # (N, 2048, h / 8, w / 8)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, 2048)
        return x if pre_logits else self.classifier(x)  # (N, num_classes)


def _convolution(
    channels: int, out: int, kernel: int, stride: int = 1, bias: bool = False
) -> tuple[nn.Module, nn.Module]:
    """A convolution, which keeps the sides but for its stride, and its norm."""
    convolution = nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, bias=bias)
    return convolution, nn.BatchNorm2d(out)


def _halving(channels: int, out: int, bias: bool = False) -> nn.Module:
    """(N, channels, H, W) to (N, out, H / 2, W / 2)."""
    return nn.Sequential(*_convolution(channels, out, 3, 2, bias), nn.ReLU())


def _bottleneck(channels: int, planes: int) -> nn.Module:
    """(N, channels, H, W) to (N, 4 * planes, H, W); a shortcut between other widths is a 1x1."""
    out = 4 * planes
    shortcut: nn.Module = nn.Identity()
    if channels != out:
        shortcut = nn.Sequential(*_convolution(channels, out, 1))
    return Bottleneck(channels, (planes, planes, out), 1, PLAIN, shortcut)
