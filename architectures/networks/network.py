"""What every network of the catalogue offers.

This file does not postpone annotations, since TorchScript reads those of the attributes.
"""

from torch import Tensor, nn


class Network(nn.Module):
    """A classifier of images (N, in_chans, H, W), float, into logits (N, num_classes).

    ``num_classes=0`` leaves the classifier out: the output is what the classifier takes.
    ``classifier_name`` is the name of the classifier, as in the network's configuration.
    """

    num_classes: int
    num_features: int
    in_chans: int
    classifier_name: str = "fc"

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the last stage's map (N, num_features, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last map to logits (N, num_classes), or to what the classifier takes with
        ``pre_logits``."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def new_classifier(self, num_classes: int) -> nn.Module:
        """A classifier of so many outputs, ``nn.Identity`` for 0: dense, over the last map's
        channels, where a network does not say otherwise."""
        return nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def get_classifier(self) -> nn.Module:
        """The layer that gives the logits."""
        return self.get_submodule(self.classifier_name)

    def reset_classifier(self, num_classes: int) -> None:
        """Make a classifier of ``num_classes`` outputs on the old one's device, or none for 0."""
        like = next(self.parameters())
        self.num_classes = num_classes
        classifier = self.new_classifier(num_classes).to(like.device, like.dtype)
        self.set_submodule(self.classifier_name, classifier)
