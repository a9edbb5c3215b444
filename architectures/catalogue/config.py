"""The configurations of the networks, in numbers. They do not need torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

from mappings.gluon import residual_positions
from mappings.language import CLASSIFIER, Position

Widths = tuple[tuple[tuple[int, ...], ...], ...]
"""Output channels of every convolution of every block of every stage."""


class NetworkConfig:
    """The numbers of one network. ``architectures.networks.build`` turns them into the network.

    ``classifier`` is the network's name of the layer that gives the logits. ``blocks`` are patterns
    of the names of its blocks, a ``*`` for each number or name: ``blocks.*.*``. ``fixed`` are the
    gammas that count as 1 whatever a file holds (MXNet's ``fix_gamma``). A ``windowed`` network
    ends in a pooling of a fixed window, so that it takes images of its own size alone.
    """

    classifier: ClassVar[str] = CLASSIFIER
    blocks: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[tuple[str, ...]] = ()
    windowed: ClassVar[bool] = False

    @property
    def dilatable(self) -> bool:
        """Whether the source framework also builds it dilated, with the same names and shapes."""
        return False

    def positions(self, first_feature: int | None) -> Iterator[Position]:
        """Where the rows of its table repeat: here nowhere, since each row names one layer."""
        yield {}

    def block_of(self, module: str) -> str:
        """The block of a module or tensor, by its name: the first of ``blocks`` that holds it. What
        no block holds is called by the first part of its name, or by the classifier's name."""
        parts = module.split(".")
        if f"{module}.".startswith(f"{self.classifier}."):
            return self.classifier
        for pattern in self.blocks:
            length = pattern.count(".") + 1
            block = ".".join(parts[:length])
            if len(parts) >= length and fnmatchcase(block, pattern):
                return block
        return parts[0]


class ResidualConfig(NetworkConfig):
    """A residual network of stages ``layer1`` onwards: ``depths`` are the blocks of each stage."""

    depths: tuple[int, ...]
    blocks: ClassVar[tuple[str, ...]] = ("layer*.*",)

    def positions(self, first_feature: int | None) -> Iterator[Position]:
        """The network itself, then every block in order."""
        return residual_positions(self.depths, first_feature)

    def block_of(self, module: str) -> str:
        """A block (``layer3.5``), ``norm`` (the normalisation after the blocks), ``fc``, or
        ``stem`` for all layers before the blocks."""
        block = super().block_of(module)
        return block if block in ("norm", "fc") or block.startswith("layer") else "stem"


@dataclass(frozen=True)
class ResNetConfig(ResidualConfig):
    """A residual network: ResNet, ResNeXt, their stems, shortcuts and squeeze-and-excitation.

    ``depths``: blocks of each stage. The first stage has 64 planes, each further one twice as many.
    ``cardinality``, ``base_width``: the 3x3 convolution of a bottleneck with ``planes`` has
    ``planes * base_width // 64 * cardinality`` channels in ``cardinality`` groups.
    ``stem``: output channels of the stem's convolutions. A single one is a 7x7 with stride 2; three
    are 3x3, the first with stride 2 ("deep" 32, 32, 64; "tiered" 24, 32, 64).
    ``se``: squeeze-and-excitation on the block's output; its hidden width is a sixteenth.
    ``average_down``: from the second stage on, a shortcut averages 2x2 before a 1x1 with stride 1.
    ``block``: "basic" has two 3x3 convolutions; "bottleneck" has 1x1, 3x3 and 1x1, and its output
    is four times as wide as its planes.
    ``norm``: BatchNorm, or GroupNorm with 32 groups.
    ``pruned``: the widths of a network in which each convolution has its own width.
    """

    depths: tuple[int, ...]
    cardinality: int = 1
    base_width: int = 64
    stem: tuple[int, ...] = (64,)
    se: bool = False
    average_down: bool = False
    block: Literal["basic", "bottleneck"] = "bottleneck"
    norm: Literal["batch", "group"] = "batch"
    pruned: Widths | None = None

    @property
    def dilatable(self) -> bool:
        return type(self) is ResNetConfig and self.cardinality == 1 and not self.se

    @property
    def widths(self) -> Widths:
        """Output channels of every convolution of every block of every stage."""
        if self.pruned is not None:
            return self.pruned
        return tuple(
            (self.block_widths(64 * 2**stage),) * depth for stage, depth in enumerate(self.depths)
        )

    def block_widths(self, planes: int) -> tuple[int, ...]:
        """Output channels of the convolutions of a block with ``planes``."""
        if self.block == "basic":
            return planes, planes
        width = planes * self.base_width // 64 * self.cardinality
        return width, width, 4 * planes


@dataclass(frozen=True)
class ResNetV1Config(ResNetConfig):
    """A residual network whose bottlenecks have the stride and biases in their 1x1 convolutions."""

    thumbnail: bool = False
    """Whether the stem is one 3x3 convolution with stride 1, for small images."""


@dataclass(frozen=True)
class SENetConfig(ResNetConfig):
    """An SE-ResNeXt whose first 1x1 is half as wide as its 3x3."""

    def block_widths(self, planes: int) -> tuple[int, ...]:
        width, _, out = super().block_widths(planes)
        return width // 2, width, out
