"""A network's last layer: where it is, and how it is replaced.

This file does not postpone annotations, since TorchScript reads those of the attributes.
"""

from typing import ClassVar

from torch import nn

from architectures.networks.network import Network


class HeadedNetwork(Network):
    """A network whose classifier is the module ``classifier_name``, an ``nn.Linear`` unless a
    subclass says otherwise. ``hidden`` are the features that it takes."""

    classifier_name: ClassVar[str] = "fc"
    hidden: int

    def new_classifier(self, num_classes: int) -> nn.Module:
        """A classifier of ``num_classes`` outputs, at least one."""
        return nn.Linear(self.hidden, num_classes)

    def get_classifier(self) -> nn.Module:
        return self.get_submodule(self.classifier_name)

    def reset_classifier(self, num_classes: int) -> None:
        like = next(self.parameters())
        self.num_classes = num_classes
        new = self.new_classifier(num_classes) if num_classes else nn.Identity()
        holder, _, last = self.classifier_name.rpartition(".")
        setattr(self.get_submodule(holder), last, new.to(like.device, like.dtype))
