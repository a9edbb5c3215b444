"""What every network of the catalogue offers.

This file does not postpone annotations, since TorchScript reads those of the attributes.
"""

from torch import Tensor, nn


class Network(nn.Module):
    """A classifier of images (N, in_chans, H, W), float, into logits (N, num_classes).

    ``num_classes=0`` leaves the classifier out: the output is the pooled features.
    """

    num_classes: int
    num_features: int
    in_chans: int

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the last stage's map (N, num_features, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last map to logits (N, num_classes), or to pooled features with ``pre_logits``."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        raise NotImplementedError

    def reset_classifier(self, num_classes: int) -> None:
        """Make a classifier of ``num_classes`` outputs on the old one's device, or none for 0."""
        raise NotImplementedError
