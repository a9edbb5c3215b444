"""The aligned Xception in PyTorch, with the names of timm 0.4 to 0.6 (``gluon_xception65``).

The network follows GluonCV's xception.py. It differs from the ``xception65`` and ``xception71`` of
today's timm: the second block's shortcut begins after a ReLU, norms have an epsilon of 1e-5, and
Xception-71 has other blocks at its beginning.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from architectures.catalogue.xception_config import XceptionConfig
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.residual import initialise

FEATURES = 2048
MIDDLE = range(4, 20)
"""The numbers of the middle blocks."""

ENTRY = ("block2", 256, 8), ("mid", 728, 16)
DEEP_ENTRY = ("block2.1", 256, 8), ("block2.2", 728, 16), ("mid", 728, 32)
"""Module, channels and reduction of the maps between the first block and the end."""


class Separable(nn.Module):
    """A 3x3 in each channel, with the stride, a norm, and a 1x1 across the channels."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(
            channels, channels, 3, stride, padding=1, groups=channels, bias=False
        )
        self.bn = nn.BatchNorm2d(channels)
        self.conv_pw = nn.Conv2d(channels, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_pw(self.bn(self.conv_dw(x)))  # (N, channels, H, W) -> (N, out, h, w)
        return x


class XceptionBlock(nn.Module):
    """Separable convolutions with norms, ReLUs before them, and a shortcut.

    ``widths`` are the convolutions' output channels; the last one has the stride. There is a ReLU
    before the first one only if the block ``starts_active``.
    """

    def __init__(
        self, channels: int, widths: tuple[int, ...], stride: int = 1, starts_active: bool = True
    ) -> None:
        super().__init__()
        out, last = widths[-1], len(widths)
        self.skip: nn.Module = nn.Identity()
        if out != channels or stride > 1:
            self.skip = nn.Sequential(
                OrderedDict(
                    conv1=nn.Conv2d(channels, out, 1, stride, bias=False), bn1=nn.BatchNorm2d(out)
                )
            )
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, width in enumerate(widths, 1):
            if number > 1 or starts_active:
                layers[f"act{number}"] = nn.ReLU()
            layers[f"conv{number}"] = Separable(channels, width, stride if number == last else 1)
            layers[f"bn{number}"] = nn.BatchNorm2d(width)
            channels = width
        self.rep = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        x = self.rep(x) + self.skip(x)  # (N, channels, H, W) -> (N, out, h, w)
        return x


class Xception(Network):
    """An aligned Xception; its last map's sides are 1/32 of the image's, rounded up, and 1/64 in
    Xception-71."""

    sequences = ("block2",)
    block_types = (XceptionBlock,)

    def __init__(self, config: XceptionConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans, self.num_features = in_chans, FEATURES
        self.conv1 = nn.Conv2d(in_chans, 32, 3, 2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.block1 = XceptionBlock(64, (128, 128, 128), 2, starts_active=False)
        if config.deep_entry:
            self.block2: nn.Module = nn.Sequential(
                XceptionBlock(128, (256, 256), starts_active=False),
                XceptionBlock(256, (256, 256, 256), 2, starts_active=False),
                XceptionBlock(256, (728, 728, 728), 2, starts_active=False),
            )
        else:
            self.block2 = XceptionBlock(128, (256, 256, 256), 2, starts_active=False)
        self.block3 = XceptionBlock(728 if config.deep_entry else 256, (728, 728, 728), 2)
        self.mid = nn.Sequential(
            OrderedDict((f"block{n}", XceptionBlock(728, (728, 728, 728))) for n in MIDDLE)
        )
        self.block20 = XceptionBlock(728, (728, 1024, 1024), 2)
        self.conv3 = Separable(1024, 1536)
        self.bn3 = nn.BatchNorm2d(1536)
        self.conv4 = Separable(1536, 1536)
        self.bn4 = nn.BatchNorm2d(1536)
        self.conv5 = Separable(1536, FEATURES)
        self.bn5 = nn.BatchNorm2d(FEATURES)
        self.feature_points = [
            FeaturePoint("bn2", 64, 2),
            FeaturePoint("block1", 128, 4),
            *(FeaturePoint(*point) for point in (DEEP_ENTRY if config.deep_entry else ENTRY)),
        ]
        last = 2 * self.feature_points[-1].reduction
        self.feature_points.append(FeaturePoint("bn5", FEATURES, last))
        self.num_classes = num_classes
        self.fc = self.new_classifier(num_classes)
        initialise(self)

    def forward_stem(self, x: Tensor) -> Tensor:
        x = functional.relu(self.bn1(self.conv1(x)))  # (N, in_chans, H, W) -> (N, 32, H / 2, W / 2)
        return functional.relu(self.bn2(self.conv2(x)))  # (N, 64, H / 2, W / 2)

    def forward_maps(self, x: Tensor, last: int) -> list[Tensor]:
        x = self.forward_stem(x)
        maps = [x]
        for name, block in self._chain():
            if name.startswith(("block", "mid")) and name != "block20" and len(maps) <= last:
                x = block(x)
                active = functional.relu(x)
                if name == "block1":
                    x = active
                if name == self.feature_points[len(maps)].module:
                    maps.append(active)
        if last == len(self.feature_points) - 1:
            maps.append(self.forward_end(x))
        return maps

    def forward_features(self, x: Tensor) -> Tensor:
        x = functional.relu(self.block1(self.forward_stem(x)))  # (N, 128, H / 4, W / 4)
        x = self.mid(self.block3(self.block2(x)))  # (N, 728, H / 16, W / 16)
        return self.forward_end(x)

    def forward_end(self, x: Tensor) -> Tensor:
        """The middle blocks' map (N, 728, H / 16, W / 16) to the last one."""
        x = functional.relu(self.block20(x))  # (N, 1024, h, w)
        x = functional.relu(self.bn3(self.conv3(x)))  # (N, 1536, h, w)
        x = functional.relu(self.bn4(self.conv4(x)))  # (N, 1536, h, w)
        return functional.relu(self.bn5(self.conv5(x)))  # (N, 2048, h, w)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, 2048)
        return x if pre_logits else self.fc(x)  # (N, num_classes)
