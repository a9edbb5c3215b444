"""What the pre-activation networks are made of; no torch needed to read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PreActivationConfig:
    """A residual network of pre-activation blocks (He et al., 2016: "v2").

    ``depths``: blocks of each stage; ``channels``: the stem's output, then each stage's.
    ``bottleneck``: 1x1, 3x3, 1x1 convolutions, a quarter as wide inside, for two 3x3.
    ``se``: squeeze-and-excitation on what a block adds, without biases.
    ``stem``: "imagenet" is 7x7 with stride 2, norm, ReLU, max-pool; "cifar" is one 3x3 with
    stride 1; "wide" is that and a norm.
    ``raw_shortcut``: the shortcut convolves the block's input itself, not its activation.
    """

    depths: tuple[int, ...]
    channels: tuple[int, ...]
    bottleneck: bool = False
    se: bool = False
    stem: Literal["imagenet", "cifar", "wide"] = "imagenet"
    raw_shortcut: bool = False
