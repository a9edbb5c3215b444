"""The configuration of the CIFAR networks that activate after the sum. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.config import ResNetConfig, Widths


@dataclass(frozen=True)
class CifarConfig(ResNetConfig):
    """A residual network for images of 32 x 32. Its stem is one 3x3 with stride 1.

    ``planes``: the planes of the first stage; each further stage has twice as many.
    """

    planes: int = 64

    @property
    def widths(self) -> Widths:
        return tuple(
            (self.block_widths(self.planes * 2**stage),) * depth
            for stage, depth in enumerate(self.depths)
        )
