"""What all residual networks share: the way through the stages, and the head."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from architectures.networks.network import FeaturePoint, Network


class ResidualNetwork(Network):
    """A stem, stages ``layer1`` onwards, and the classifier ``fc`` over the last map's means.

    Below, H and W are the image's sides, h and w those of the last map.
    """

    def forward_stem(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the first stage's input (N, C, H', W')."""
        raise NotImplementedError

    def forward_stages(self, x: Tensor) -> Tensor:
        """The stem's map (N, C, H', W') through every stage, to (N, num_features, h, w)."""
        for name, stage in self.named_children():
            if name.startswith("layer"):
                x = stage(x)
        return x

    def forward_features(self, x: Tensor) -> Tensor:
        return self.forward_stages(self.forward_stem(x))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        x = functional.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, num_features)
        x = self.dropout(x)
        return x if pre_logits else self.fc(x)  # (N, num_classes)

    def add_points(self, stem: FeaturePoint, channels: Sequence[int], halved: int = 1) -> None:
        """Declare the maps: of the stem, and of every stage, which have these channels. From the
        stage ``halved`` on, counted from 0, each has half the sides of the map before it. Where the
        stem pools, that is the first stage."""
        self.feature_points = [stem]
        reduction = stem.reduction
        for index, width in enumerate(channels):
            reduction *= 2 if index >= halved else 1
            self.feature_points.append(FeaturePoint(f"layer{index + 1}", width, reduction))

    def add_head(self, num_features: int, num_classes: int, dropout: float = 0.0) -> None:
        """Add the classifier. Training sets the share ``dropout`` of its features to 0."""
        self.num_features, self.num_classes = num_features, num_classes
        self.dropout = nn.Dropout(dropout)
        self.fc = self.new_classifier(num_classes)


def initialise(network: nn.Module) -> None:
    """Initialise convolutions for ReLU by their fan-out (He et al., 2015), and leave the rest to
    torch."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
