"""The configuration of ResNeSt. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.config import ResidualConfig


@dataclass(frozen=True)
class ResNeStConfig(ResidualConfig):
    """A residual network of split-attention blocks (Zhang et al., 2020).

    ``depths``: blocks of each stage. The first stage has 64 planes, each further one twice as many.
    ``stem_width``: output channels of the stem's first two 3x3 convolutions. The third has twice
    as many.
    ``dropout``: the share of features that are set to 0 before the classifier, in training.
    ``drop_block``: the probability of DropBlock's regions in the last two stages, in training.
    """

    depths: tuple[int, ...]
    stem_width: int = 32
    dropout: float = 0.0
    drop_block: float = 0.0

    @property
    def dilatable(self) -> bool:
        return True
