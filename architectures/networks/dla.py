"""DLA in PyTorch, with the names of timm's ``dla34``.

Its trees are timm's (gluoncv/model_zoo/dla.py, timm/models/dla.py). Its head is GluonCV's own: the
classifier takes the means of every level's map, not only of the last one's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.dla_config import DLAConfig
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.residual import initialise


class AddingBlock(nn.Module):
    """3x3 with the stride, 3x3; the shortcut is given."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)

    def forward(self, x: Tensor, shortcut: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))  # (N, channels, H, W) -> (N, out, h, w)
        return functional.relu(self.bn2(self.conv2(x)) + shortcut)  # (N, out, h, w)


class Root(nn.Module):
    """A 1x1 over several maps, joined by their channels."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, maps: list[Tensor]) -> Tensor:
        return functional.relu(self.bn(self.conv(torch.cat(maps, 1))))  # (N, out, h, w)


class Tree(nn.Module):
    """Two blocks, then a root over their maps and the ``earlier`` ones of the trees around.

    ``joined`` are the channels of the earlier maps. A tree that ``keeps_input`` gives its pooled
    input to the root too. H and W are the sides of the input; h = H / stride, w = W / stride.
    """

    def __init__(
        self, channels: int, out: int, stride: int, keeps_input: bool, joined: int
    ) -> None:
        super().__init__()
        self.keeps_input = keeps_input
        self.downsample = _pool(stride)
        self.tree1 = AddingBlock(channels, out, stride)
        self.tree2 = AddingBlock(out, out, 1)
        self.project: nn.Module = nn.Identity()
        if channels != out:
            self.project = nn.Sequential(
                nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out)
            )
        self.root = Root(2 * out + joined + (channels if keeps_input else 0), out)

    def forward(self, x: Tensor, earlier: list[Tensor]) -> Tensor:
        bottom = self.downsample(x)  # (N, channels, H, W) -> (N, channels, h, w)
        first = self.tree1(x, self.project(bottom))  # (N, out, h, w)
        second = self.tree2(first, first)  # (N, out, h, w)
        maps = [second, first]
        maps.extend(earlier)
        if self.keeps_input:
            maps.append(bottom)
        x = self.root(maps)  # (N, out, h, w)
        return x


class DeepTree(nn.Module):
    """Two trees, of which the second one's root takes the first one's map too."""

    def __init__(
        self, depth: int, channels: int, out: int, stride: int, keeps_input: bool, joined: int
    ) -> None:
        super().__init__()
        self.keeps_input = keeps_input
        self.downsample = _pool(stride)
        joined += out + (channels if keeps_input else 0)
        self.tree1 = make_tree(depth - 1, channels, out, stride)
        self.tree2 = make_tree(depth - 1, out, out, 1, joined=joined)

    def forward(self, x: Tensor, earlier: list[Tensor]) -> Tensor:
        maps = earlier.copy()
        if self.keeps_input:
            maps.append(self.downsample(x))  # (N, channels, h, w)
        nothing: list[Tensor] = []
        first = self.tree1(x, nothing)  # (N, channels, H, W) -> (N, out, h, w)
        maps.append(first)
        x = self.tree2(first, maps)  # (N, out, h, w)
        return x


def make_tree(
    depth: int, channels: int, out: int, stride: int, keeps_input: bool = False, joined: int = 0
) -> nn.Module:
    """A tree of this depth, at least 1."""
    if depth == 1:
        return Tree(channels, out, stride, keeps_input, joined)
    return DeepTree(depth, channels, out, stride, keeps_input, joined)


class DLA(Network):
    """A network with deep layer aggregation. Every level but the first halves the sides."""

    default_points = (1, 2, 3, 4, 5)
    block_types = (AddingBlock, Root)

    def __init__(self, config: DLAConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans = in_chans
        self.num_features = sum(config.channels)
        first = config.channels[0]
        self.base_layer = nn.Sequential(
            nn.Conv2d(in_chans, first, 7, padding=3, bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        channels, levels = config.channels, config.levels
        self.level0 = _convolutions(first, first, levels[0], 1)
        self.level1 = _convolutions(first, channels[1], levels[1], 2)
        self.level2 = make_tree(levels[2], channels[1], channels[2], 2)
        self.level3 = make_tree(levels[3], channels[2], channels[3], 2, keeps_input=True)
        self.level4 = make_tree(levels[4], channels[3], channels[4], 2, keeps_input=True)
        self.level5 = make_tree(levels[5], channels[4], channels[5], 2, keeps_input=True)
        self.feature_points = [
            FeaturePoint(f"level{level}", width, 2**level) for level, width in enumerate(channels)
        ]
        self.num_classes = num_classes
        self.fc = self.new_classifier(num_classes)
        initialise(self)

    def forward_maps(self, x: Tensor, last: int = 5) -> list[Tensor]:
        """Images (N, in_chans, H, W) to each level's map (N, channels[k], H / 2**k, W / 2**k)."""
        nothing: list[Tensor] = []
        maps = [self.level0(self.base_layer(x))]
        if last > 0:
            maps.append(self.level1(maps[-1]))
        if last > 1:
            maps.append(self.level2(maps[-1], nothing))
        if last > 2:
            maps.append(self.level3(maps[-1], nothing))
        if last > 3:
            maps.append(self.level4(maps[-1], nothing))
        if last > 4:
            maps.append(self.level5(maps[-1], nothing))
        return maps

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the means of all levels' maps, (N, num_features, 1, 1)."""
        maps = self.forward_maps(x)
        return torch.cat([functional.adaptive_avg_pool2d(level, 1) for level in maps], 1)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = x.flatten(1)  # (N, num_features)
        return x if pre_logits else self.fc(x)  # (N, num_classes)


def _pool(stride: int) -> nn.Module:
    return nn.MaxPool2d(stride) if stride > 1 else nn.Identity()


def _convolutions(channels: int, out: int, depth: int, stride: int) -> nn.Sequential:
    """3x3 convolutions with norms and ReLUs; the first has the stride."""
    layers: list[nn.Module] = []
    for index in range(depth):
        step = 1 if index else stride
        layers += [
            nn.Conv2d(out if index else channels, out, 3, step, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)
