"""What ResNeSt is made of; no torch needed to read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResNeStConfig:
    """A residual network of split-attention blocks (Zhang et al., 2020).

    ``depths``: blocks of each stage; the first has 64 planes and each next twice as many.
    ``stem_width``: output channels of the stem's first two 3x3 convolutions; its third has twice
    as many. ``dropout``: the share of features left out before the classifier in training;
    ``drop_block``: the probability of its regions in the last two stages, in training.
    """

    depths: tuple[int, ...]
    stem_width: int = 32
    dropout: float = 0.0
    drop_block: float = 0.0
