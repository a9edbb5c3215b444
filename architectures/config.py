"""What the networks are made of, in numbers; no torch needed to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from architectures.network import Network


class NetworkConfig(Protocol):
    """The numbers of one network: ``depths`` are the blocks of each stage, ``classifier`` is the
    module that gives the logits; ``build`` makes the network, freshly initialised."""

    @property
    def depths(self) -> tuple[int, ...]: ...

    @property
    def classifier(self) -> str: ...

    def build(self, num_classes: int, **options: Any) -> Network: ...


@dataclass(frozen=True)
class ResNetConfig:
    """A bottleneck residual network (ResNeXt, SE-ResNeXt and their stems).

    ``depths``: blocks of each stage; the first has 64 planes and each next twice as many.
    ``cardinality``, ``base_width``: the 3x3 convolution of a stage with ``planes`` has
    ``planes * base_width // 64 * cardinality`` channels in ``cardinality`` groups.
    ``stem``: output channels of the stem's convolutions: one is a 7x7 with stride 2, three are 3x3,
    the first with stride 2 ("deep" 32, 32, 64; "tiered" 24, 32, 64).
    ``se``: squeeze-and-excitation on the block's output, hidden width a sixteenth of its channels.
    ``average_down``: from the second stage on the shortcut averages 2x2 before a 1x1 with stride 1.
    """

    depths: tuple[int, ...]
    cardinality: int = 1
    base_width: int = 64
    stem: tuple[int, ...] = (64,)
    se: bool = False
    average_down: bool = False

    @property
    def classifier(self) -> str:
        return "fc"

    def build(self, num_classes: int, **options: Any) -> Network:
        from architectures.resnet import ResNet

        return ResNet(self, num_classes, **options)
