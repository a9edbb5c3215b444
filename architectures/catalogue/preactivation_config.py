"""The configuration of the pre-activation networks. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from architectures.catalogue.config import ResidualConfig


@dataclass(frozen=True)
class PreActivationConfig(ResidualConfig):
    """A residual network of pre-activation blocks (He et al., 2016: "v2").

    ``depths``: blocks of each stage; ``channels``: the stem's output, then each stage's.
    ``bottleneck``: a block has 1x1, 3x3 and 1x1 convolutions, the inner ones a quarter as wide,
    instead of two 3x3.
    ``se``: squeeze-and-excitation, without biases, on what a block adds.
    ``stem``: "imagenet" is 7x7 with stride 2, norm, ReLU, max-pool; "cifar" is one 3x3 with
    stride 1; "wide" is the same with a norm.
    ``raw_shortcut``: the shortcut's input is the block's input, not its first activation.
    ``always_projects``: the first block of each stage has a convolution in its shortcut, even where
    its input is as wide as its output.
    ``eps``: of all norms.
    """

    fixed: ClassVar[tuple[str, ...]] = ("bn0.weight",)
    """The norm of the input."""

    depths: tuple[int, ...]
    channels: tuple[int, ...]
    bottleneck: bool = False
    se: bool = False
    stem: Literal["imagenet", "cifar", "wide"] = "imagenet"
    raw_shortcut: bool = False
    always_projects: bool = False
    eps: float = 1e-5
