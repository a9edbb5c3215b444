"""AlexNet in PyTorch, with torchvision's names.

The network follows GluonCV's alexnet.py, where dropout follows the dense layers; torchvision's
precedes them. Both compute the same where nothing is dropped: their average to 6x6 changes nothing
at the sizes that Gluon's network takes, whose last map is 6x6.
"""

from __future__ import annotations

from torch import Tensor, nn

from architectures.catalogue.vgg_config import AlexNetConfig
from architectures.networks.network import FeaturePoint, Network
from architectures.networks.vgg import HIDDEN

SIDE = 6
"""The sides of the map that the dense layers take."""


class AlexNet(Network):
    """Five convolutions and three dense layers. Maps of other sides are averaged to 6x6."""

    classifier_name = "classifier.6"
    sequences = ("features",)

    def __init__(self, config: AlexNetConfig, num_classes: int = 1000, in_chans: int = 3) -> None:
        super().__init__()
        self.in_chans, self.num_features = in_chans, 256
        self.features = nn.Sequential(
            nn.Conv2d(in_chans, 64, 11, 4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.feature_points = [  # before each max-pool, and at the end
            FeaturePoint("features.1", 64, 4),
            FeaturePoint("features.4", 192, 8),
            FeaturePoint("features.11", 256, 16),
            FeaturePoint("features.12", 256, 32),
        ]
        self.avgpool = nn.AdaptiveAvgPool2d((SIDE, SIDE))
        self.classifier = nn.Sequential(
            nn.Identity(),  # torchvision's first dropout
            nn.Linear(256 * SIDE * SIDE, HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN, HIDDEN),
            nn.Sequential(nn.ReLU(), nn.Dropout(0.5)),
            nn.Identity(),
        )
        self.reset_classifier(num_classes)

    @property
    def head_hidden_size(self) -> int:
        return HIDDEN

    def new_classifier(self, num_classes: int) -> nn.Module:
        return nn.Linear(HIDDEN, num_classes) if num_classes else nn.Identity()

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, in_chans, H, W) -> (N, 256, h, w), 6 x 6 of 224 x 224
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = self.avgpool(x).flatten(1)  # (N, 256, h, w) -> (N, 256 * 36)
        for index, layer in enumerate(self.classifier):
            if index < 6 or not pre_logits:
                x = layer(x)  # (N, 4096), at the end (N, num_classes)
        return x
