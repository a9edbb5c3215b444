"""VGG in PyTorch, with torchvision's names: 3x3 convolutions, max-pools and three dense layers.

The network follows GluonCV's vgg.py. It is torchvision's: their average to 7x7 changes nothing at
the sizes that Gluon's network takes, whose last map is 7x7.
"""

from __future__ import annotations

from torch import Tensor, nn

from architectures.catalogue.vgg_config import VGGConfig
from architectures.networks.network import FeaturePoint, Network

WIDTHS = (64, 128, 256, 512, 512)
SIDE = 7
"""The sides of the map that the dense layers take."""
HIDDEN = 4096
"""The features between the dense layers."""


class VGG(Network):
    """Five stages of convolutions, each with a max-pool after it, then three dense layers.

    With BatchNorm, every convolution has a norm after it. Maps of other sides are averaged to 7x7.
    """

    classifier_name = "classifier.6"
    sequences = ("features",)

    def __init__(self, config: VGGConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans, self.num_features = in_chans, WIDTHS[-1]
        layers: list[nn.Module] = []
        channels = in_chans
        self.feature_points = []
        for depth, out in zip(config.depths, WIDTHS, strict=True):
            for _ in range(depth):
                layers.append(nn.Conv2d(channels, out, 3, padding=1))
                if config.batch_norm:
                    layers.append(nn.BatchNorm2d(out))
                layers.append(nn.ReLU())
                channels = out
            self.add_point(layers, channels)
            layers.append(nn.MaxPool2d(2))
        self.add_point(layers, channels)
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((SIDE, SIDE))
        self.classifier = nn.Sequential(
            nn.Linear(channels * SIDE * SIDE, HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Identity(),
        )
        self.reset_classifier(num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.01)

    def add_point(self, layers: list[nn.Module], channels: int) -> None:
        """Declare the map of the last one of these layers; each map has half the sides of the one
        before it."""
        point = FeaturePoint(f"features.{len(layers) - 1}", channels, 2 ** len(self.feature_points))
        self.feature_points.append(point)

    @property
    def head_hidden_size(self) -> int:
        return HIDDEN

    def new_classifier(self, num_classes: int) -> nn.Module:
        return nn.Linear(HIDDEN, num_classes) if num_classes else nn.Identity()

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, in_chans, H, W) -> (N, 512, H / 32, W / 32)
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.avgpool(x).flatten(1)  # (N, 512, h, w) -> (N, 512 * 49)
        for index, layer in enumerate(self.classifier):
            if index < 6 or not pre_logits:
                x = layer(x)  # (N, 4096), at the end (N, num_classes)
        return x
