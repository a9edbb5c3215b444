"""The configuration of SqueezeNet. It does not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class SqueezeNetConfig(NetworkConfig):
    """``stem``: channels and kernel of the first convolution, which has stride 2.
    ``fires``: the fire modules after each max-pool: channels of the 1x1 that squeezes, and of each
    of the two convolutions that expand."""

    classifier: ClassVar[str] = "classifier.1"
    blocks: ClassVar[tuple[str, ...]] = ("features.*", "classifier.*")
    windowed: ClassVar[bool] = True

    stem: tuple[int, int]
    fires: tuple[tuple[tuple[int, int], ...], ...]
