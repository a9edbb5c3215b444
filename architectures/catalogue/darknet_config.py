"""The configuration of DarkNet. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class DarkNetConfig(NetworkConfig):
    """A DarkNet of YOLOv3: ``depths`` are the blocks of each stage, ``channels`` the output
    channels of the stem, then of each stage."""

    classifier: ClassVar[str] = "head.fc"
    blocks: ClassVar[tuple[str, ...]] = ("stages.*.blocks.*", "stages.*.conv_down", "stem.conv1")

    depths: tuple[int, ...]
    channels: tuple[int, ...]
