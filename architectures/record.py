"""What the catalogue holds of each model: one frozen record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Literal

from architectures.config import NetworkConfig
from mappings.gluon import residual_positions
from mappings.language import Row, Table
from mappings.residues import OpenShape

GLUON_REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"

STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_var", "num_batches_tracked")
"""How the names of BatchNorm's statistics end; they are no parameters."""

Regime = Literal["gluon", "timm", "mmpretrain"]

GLUONCV_TABLE = "GluonCV model zoo, classification table"
TIMM_TABLE = "timm, results-imagenet.csv"
SAMPLE_TABLE = "MXNet 1.9.1, architectures/samples/gluon_seresnext8_digits.csv"
MMPRETRAIN_TABLE = "mmpretrain, configs/seresnet/README.md"


@dataclass(frozen=True)
class Figure:
    """A published accuracy in percent, on ImageNet-1k validation but for the sample's, and who
    measured it how, on how many ``images``."""

    regime: Regime
    top1: float
    top5: float
    source: str
    images: int = 50_000


def published(
    gluon: tuple[float, float] | None = None, timm: tuple[float, float] | None = None
) -> tuple[Figure, ...]:
    """The top-1 and top-5 that GluonCV's and timm's own tables give for a Gluon checkpoint."""
    tables: tuple[tuple[Regime, tuple[float, float] | None, str], ...] = (
        ("gluon", gluon, GLUONCV_TABLE),
        ("timm", timm, TIMM_TABLE),
    )
    return tuple(Figure(regime, *tops, table) for regime, tops, table in tables if tops)


@dataclass(frozen=True)
class Card:
    """What a model card prints, as it prints it: conventions and units are its framework's.

    timm's cards: FLOPs, parameters and bytes; mmpretrain's: GFLOPs and millions of parameters.
    """

    flops: float
    parameters: float | None
    file_size: int | None


@dataclass(frozen=True)
class Source:
    """The published checkpoint: the framework's own name for it, where it is, and its hash.

    ``sha1`` (40 hex digits) is of the ``.params`` file; other files carry the beginning of their
    sha256 in their name. ``packaged`` names a file in ``architectures/samples`` instead of a url.
    ``stored`` is the name in the Gluon model store, where it is another one. A network that was
    registered and never published has neither url nor sha1.
    """

    framework: Literal["gluoncv", "timm", "mmpretrain"]
    name: str
    url: str | None = None
    sha1: str | None = None
    packaged: str | None = None
    stored: str | None = None


def gluoncv(name: str, sha1: str | None = None, stored: str | None = None) -> Source:
    """A model of the Gluon model zoo, and its checkpoint where one was published."""
    if sha1 is None:
        return Source("gluoncv", name)
    url = f"{GLUON_REPOSITORY}gluon/models/{stored or name}-{sha1[:8]}.zip"
    return Source("gluoncv", name, url, sha1, stored=stored)


@dataclass(frozen=True)
class Model:
    """One model: its network, its names on both sides, where it comes from, what is published.

    ``rows`` are the tables of the source framework, the one it writes today first; a source that
    has the network's own names needs none. ``first_feature`` is the index of Gluon's first stage,
    ``flat_prefix`` what Gluon calls the first such network of a process.
    ``input_size`` is the side of the square input in pixels, ``crop`` the share of the resized
    image's short side that it covers; ``regimes`` are those it is evaluated in, its own first.
    ``arithmetic`` is how much nearer and farther the port's float32 logits may be to the truth than
    the source framework's own, where that is not the rule's factor of 2 in both directions.
    """

    name: str
    family: str
    network: NetworkConfig
    source: Source
    rows: tuple[tuple[Row, ...], ...] = ()
    first_feature: int = 4
    flat_prefix: str = "resnext0_"
    figures: tuple[Figure, ...] = ()
    card: Card | None = None
    regimes: tuple[Regime, ...] = ("gluon", "timm")
    num_classes: int = 1000
    input_size: int = 224
    crop: float = 0.875
    arithmetic: tuple[float, float] = (0.5, 2.0)

    @property
    def table(self) -> Table:
        """The bijection between the source framework's names and the network's state dict."""
        return self.dialects[0][1]

    @cached_property
    def dialects(self) -> tuple[tuple[str, Table], ...]:
        """Every way a checkpoint of this model may be named, the source framework's own first;
        ``pytorch`` are the network's own names, which timm and torchvision write."""
        tables = [
            (
                "gluon" if self.source.framework == "gluoncv" else self.source.framework,
                Table.expand(rows, residual_positions(self.network.depths, self.first_feature)),
            )
            for rows in self.rows
        ]
        return (*tables, ("pytorch", Table.identity(self.shapes)))

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
