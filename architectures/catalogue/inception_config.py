"""The configurations of the Inception networks. They do not need torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from architectures.catalogue.config import NetworkConfig


@dataclass(frozen=True)
class GoogLeNetConfig(NetworkConfig):
    """GoogLeNet (Inception v1 with BatchNorm), of which there is one size."""

    windowed: ClassVar[bool] = True


@dataclass(frozen=True)
class InceptionV3Config(NetworkConfig):
    """Inception v3, of which there is one size."""

    windowed: ClassVar[bool] = True
