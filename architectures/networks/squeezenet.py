"""SqueezeNet in PyTorch, with torchvision's names.

The network follows GluonCV's squeezenet.py. Its classifier is a 1x1 convolution with a ReLU, whose
map is averaged in windows of 13x13. torchvision averages the whole map, which is the same where
that map is 13x13.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from architectures.catalogue.squeezenet_config import SqueezeNetConfig
from architectures.networks.network import FeaturePoint, Network


class Fire(nn.Module):
    """A 1x1 that squeezes, then a 1x1 and a 3x3 side by side that expand."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))  # (N, channels, H, W) -> (N, squeezed, H, W)
        one, three = torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))
        return torch.cat((one, three), 1)  # (N, 2 * expanded, H, W)


class SqueezeNet(Network):
    """A convolution, fire modules with max-pools between them, and a classifier on every place."""

    classifier_name = "classifier.1"
    sequences = ("features",)
    block_types = (Fire,)

    def __init__(
        self, config: SqueezeNetConfig, num_classes: int = 1000, in_chans: int = 3
    ) -> None:
        super().__init__()
        self.in_chans = in_chans
        channels, kernel = config.stem
        layers: list[nn.Module] = [nn.Conv2d(in_chans, channels, kernel, 2), nn.ReLU()]
        self.feature_points = [FeaturePoint("features.1", channels, 2)]
        for group in config.fires:
            layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            for squeezed, expanded in group:
                layers.append(Fire(channels, squeezed, expanded))
                channels = 2 * expanded
            reduction = 2 * self.feature_points[-1].reduction
            point = FeaturePoint(f"features.{len(layers) - 1}", channels, reduction)
            self.feature_points.append(point)
        self.num_features = channels
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.5), nn.Identity(), nn.ReLU(), nn.AvgPool2d(13))
        self.reset_classifier(num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight)

    def new_classifier(self, num_classes: int) -> nn.Module:
        return nn.Conv2d(self.num_features, num_classes, 1) if num_classes else nn.Identity()

    def forward_features(self, x: Tensor) -> Tensor:
        x = self.features(x)  # (N, in_chans, H, W) -> (N, 512, h, w), 13 x 13 of 224 x 224
        return x

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        for index, layer in enumerate(self.classifier):
            if index != 1 or not pre_logits:
                x = layer(x)  # (N, num_classes, h, w), at the end (N, num_classes, 1, 1)
        return torch.flatten(x, 1)  # (N, num_classes)
