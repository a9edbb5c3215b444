"""The configurations of VGG and AlexNet. They do not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class VGGConfig(NetworkConfig):
    """VGG: the convolutions of each of its five stages, with or without BatchNorm after each."""

    classifier: ClassVar[str] = "classifier.6"
    blocks: ClassVar[tuple[str, ...]] = ("features.*", "classifier.*")

    depths: tuple[int, ...]
    batch_norm: bool = False


@dataclass(frozen=True)
class AlexNetConfig(NetworkConfig):
    """AlexNet, of which there is one size."""

    classifier: ClassVar[str] = "classifier.6"
    blocks: ClassVar[tuple[str, ...]] = ("features.*", "classifier.*")
