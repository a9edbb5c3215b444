"""The configuration of the aligned Xception. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class XceptionConfig(NetworkConfig):
    """An aligned Xception (Chen et al., 2018): residual blocks of separable convolutions.

    ``deep_entry``: the second block is three blocks, as in Xception-71, instead of one.
    """

    deep_entry: bool = False

    blocks: ClassVar[tuple[str, ...]] = ("mid.*",)
