"""What the catalogue holds of each model: one frozen record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Literal

from architectures.config import ResNetConfig
from mappings.gluon import residual_positions
from mappings.language import Row, Table
from mappings.residues import OpenShape

GLUON_REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"

STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_var", "num_batches_tracked")
"""How the names of BatchNorm's statistics end; they are no parameters."""

Regime = Literal["gluon", "timm", "mmpretrain"]


@dataclass(frozen=True)
class Figure:
    """A published accuracy on ImageNet-1k validation, in percent, and who measured it how."""

    regime: Regime
    top1: float
    top5: float
    source: str


@dataclass(frozen=True)
class Card:
    """What a model card prints: FLOPs (conventions differ), parameters (rounded), bytes."""

    flops: int
    parameters: int | None
    file_size: int


@dataclass(frozen=True)
class Source:
    """The published checkpoint: the framework's own name for it and its sha1 (40 hex digits).

    ``packaged`` names a file that ships in ``architectures/samples`` instead of being downloaded.
    """

    framework: Literal["gluoncv"]
    name: str
    sha1: str
    packaged: str | None = None

    @property
    def url(self) -> str | None:
        """Where it was published; None for a packaged one."""
        if self.packaged:
            return None
        return f"{GLUON_REPOSITORY}gluon/models/{self.name}-{self.sha1[:8]}.zip"


@dataclass(frozen=True)
class Model:
    """One model: its network, its names on both sides, where it comes from, what is published.

    ``input_size`` is the side of the square input in pixels, ``crop`` the share of the resized
    image's short side that it covers.
    """

    name: str
    family: str
    network: ResNetConfig
    rows: tuple[Row, ...]
    first_feature: int
    source: Source
    figures: tuple[Figure, ...] = ()
    card: Card | None = None
    regimes: tuple[Regime, ...] = ("gluon", "timm")
    num_classes: int = 1000
    input_size: int = 224
    crop: float = 0.875

    @cached_property
    def table(self) -> Table:
        """The bijection between Gluon's structural names and the network's state dict."""
        return Table.expand(self.rows, residual_positions(self.network.depths, self.first_feature))

    @cached_property
    def shapes(self) -> Mapping[str, OpenShape]:
        """Shape of every tensor of the state dict, in its order, the class count left open (None).

        Read from the packaged manifest, so that no torch is needed.
        """
        manifest = files("architectures") / "manifests" / f"{self.name}.json"
        return {name: tuple(shape) for name, shape in json.loads(manifest.read_text()).items()}

    @property
    def parameters(self) -> int:
        """Trainable parameters with the published class count."""
        return count_parameters(self.shapes, self.num_classes)


def count_parameters(shapes: Mapping[str, OpenShape], num_classes: int) -> int:
    """Trainable parameters: all tensors but BatchNorm's statistics."""
    total = 0
    for name, shape in shapes.items():
        if not name.endswith(STATISTICS):
            count = 1
            for size in shape:
                count *= num_classes if size is None else size
            total += count
    return total
