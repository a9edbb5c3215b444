"""What the CIFAR networks with activation after the sum are made of; no torch needed to read it."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.config import ResNetConfig, Widths


@dataclass(frozen=True)
class CifarConfig(ResNetConfig):
    """A residual network for images of 32 x 32, its stem one 3x3 with stride 1.

    ``planes``: those of the first stage; each next has twice as many.
    """

    planes: int = 64

    @property
    def widths(self) -> Widths:
        return tuple(
            (self.block_widths(self.planes * 2**stage),) * depth
            for stage, depth in enumerate(self.depths)
        )
