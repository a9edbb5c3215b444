"""The configuration of DenseNet. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class DenseNetConfig(NetworkConfig):
    """``stem``: channels of the first convolution; ``growth``: those that each layer adds;
    ``depths``: layers of each dense block."""

    classifier: ClassVar[str] = "classifier"
    blocks: ClassVar[tuple[str, ...]] = ("features.denseblock*.*", "features.*")
    windowed: ClassVar[bool] = True

    stem: int
    growth: int
    depths: tuple[int, ...]
