"""What every network of the catalogue offers.

This file does not postpone annotations, since TorchScript reads those of the attributes.
"""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from architectures.networks.recompute import recompute_in_backward
from mappings.errors import GluonportError


class FeaturePoint(NamedTuple):
    """A map that a network can give besides its answer: the one after the module ``module``.

    It has ``channels``, and the image's sides divided by ``reduction``.
    """

    module: str
    channels: int
    reduction: int


class Network(nn.Module):
    """A classifier of images (N, in_chans, H, W), float, into logits (N, num_classes).

    ``num_classes=0`` leaves the classifier out: the output is what the classifier takes.
    ``classifier_name`` is the name of the classifier, as in the network's configuration.
    ``feature_points`` are the maps of ``forward_maps``, the largest first: the last one of each
    size. ``default_points`` are the indices of those that are usual, None for all.
    ``sequences`` are modules whose own modules the network calls one after the other.
    ``block_types`` are the types of the modules that ``set_grad_checkpointing`` computes twice.
    """

    num_classes: int
    num_features: int
    in_chans: int
    classifier_name: str = "fc"
    feature_points: list[FeaturePoint]
    default_points: ClassVar[tuple[int, ...] | None] = None
    sequences: ClassVar[tuple[str, ...]] = ()
    block_types: ClassVar[tuple[type[nn.Module], ...]] = ()

    __jit_unused_properties__: ClassVar[list[str]] = [
        "head_hidden_size",
        "stage_ends",
    ]  # TorchScript leaves them out

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_chans, H, W) to the last stage's map (N, num_features, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last map to logits (N, num_classes), or to what the classifier takes with
        ``pre_logits``."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def forward_maps(self, x: Tensor, last: int) -> list[Tensor]:
        """Images (N, in_chans, H, W) to the maps of the feature points 0 to ``last``."""
        maps: list[Tensor] = []
        for name, layer in self._chain():
            if len(maps) > last:
                break
            x = layer(x)
            if name == self.feature_points[len(maps)].module:
                maps.append(x)
        return maps

    def _chain(self) -> Iterator[tuple[str, nn.Module]]:
        """The modules that the network calls one after the other, with their names."""
        for name, child in self.named_children():
            if name in self.sequences and isinstance(child, nn.Sequential):
                yield from ((f"{name}.{own}", layer) for own, layer in child.named_children())
            else:
                yield name, child

    @property
    def head_hidden_size(self) -> int:
        """The features of an image that the classifier takes, and that ``num_classes=0`` gives:
        timm's name. They are the last map's channels where a network does not say otherwise."""
        return self.num_features

    @property
    def stage_ends(self) -> list[str]:
        """The modules with which the stages end: those of the maps, where a network does not say
        otherwise."""
        return [point.module for point in self.feature_points]

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

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Train in less memory and more time: keep only the blocks' inputs, and compute a block
        again when its gradients are wanted. Gradients and running statistics are the same.

        Raises GluonportError for a network without blocks.
        """
        if not self.block_types:
            raise GluonportError(
                f"{type(self).__name__} has no blocks that gradient checkpointing could compute "
                f"again: train it without"
            )
        for module in self.modules():
            if isinstance(module, self.block_types):
                recompute_in_backward(module, enable)
