"""What the CIFAR networks with activation after the sum are made of; no torch needed to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from architectures.network import Network


@dataclass(frozen=True)
class CifarConfig:
    """A residual network for images of 32 x 32.

    ``depths``: blocks of each stage; ``channels``: the stem's output, then each stage's.
    ``cardinality``, ``base_width``: the 3x3 of a bottleneck that ends in ``4 * planes`` channels
    has ``planes * base_width // 64 * cardinality`` channels in ``cardinality`` groups. Without
    them a block is two 3x3, and the stem has no ReLU.
    """

    depths: tuple[int, ...]
    channels: tuple[int, ...]
    cardinality: int | None = None
    base_width: int = 64

    @property
    def classifier(self) -> str:
        return "fc"

    def build(self, num_classes: int, **options: Any) -> Network:
        from architectures.cifar import CifarResNet

        return CifarResNet(self, num_classes, **options)
