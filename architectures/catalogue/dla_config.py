"""The configuration of DLA. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class DLAConfig(NetworkConfig):
    """A network with deep layer aggregation (Yu et al., 2018), of basic blocks.

    ``levels``: convolutions of the first two levels, then the depth of the tree of each further
    level. ``channels``: the output channels of every level.
    """

    levels: tuple[int, ...]
    channels: tuple[int, ...]

    blocks: ClassVar[tuple[str, ...]] = (
        "level*.tree*.tree*",
        "level*.tree*.root",
        "level*.tree*.project",
        "level*.tree*",
        "level*.root",
        "level*.project",
    )
