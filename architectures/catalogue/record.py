"""What the catalogue holds of each model: one frozen record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import Literal, Self

from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.figure import GLUONCV_TABLE, TIMM_TABLE, Figure, Regime, Undecided
from mappings.gluon import residual_positions
from mappings.language import Row, Table
from mappings.shapes import OpenShape, Shape

GLUON_REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"

STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_var", "num_batches_tracked")
"""How the names of BatchNorm's statistics end; they are no parameters."""

RGB = 3
"""The channels of the images that every published network takes, and that every regime gives."""


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
    """The published checkpoint: the framework's own name for it, where it is, its hash, and the
    accuracies that were published of exactly these weights.

    ``sha1`` (40 hex digits) is of the ``.params`` file; other files carry the beginning of their
    sha256 in their name. ``packaged`` names a file in ``architectures/samples`` instead of a url.
    ``stored`` is the name in the Gluon model store, where it is another one. A network that was
    registered and never published has no url, no sha1 and no figures.
    """

    framework: Literal["gluoncv", "timm", "mmpretrain"]
    name: str
    url: str | None = None
    sha1: str | None = None
    packaged: str | None = None
    stored: str | None = None
    figures: tuple[Figure, ...] = ()

    def __post_init__(self) -> None:
        for figure in self.figures:
            if not self.hash or figure.weights != self.hash:
                raise ValueError(f"{self.name}: the figure {figure} is of other weights")

    @property
    def hash(self) -> str:
        """What the weights are known by: the sha1, or the beginning of the sha256; else empty."""
        return self.sha1 or Path(self.url or "").stem.rpartition("-")[2]

    def measured(
        self, regime: Regime, printed: str | None, table: str, images: int = 50_000
    ) -> Self:
        """The same, with the accuracy "top-1 / top-5" that ``table`` prints of these weights."""
        if printed is None:
            return self
        figure = Figure.printed(self.hash, regime, printed, table, images)
        return replace(self, figures=(*self.figures, figure))


def gluoncv(
    name: str,
    sha1: str | None = None,
    stored: str | None = None,
    gluon: str | None = None,
    timm: str | None = None,
) -> Source:
    """A model of the Gluon model zoo, and its checkpoint where one was published.

    ``gluon`` and ``timm`` are the accuracies of this checkpoint, "top-1 / top-5" as GluonCV's and
    timm's tables print them; timm measured its own port of it.
    """
    if sha1 is None:
        return Source("gluoncv", name)
    url = f"{GLUON_REPOSITORY}gluon/models/{stored or name}-{sha1[:8]}.zip"
    source = Source("gluoncv", name, url, sha1, stored=stored)
    return source.measured("gluon", gluon, GLUONCV_TABLE).measured("timm", timm, TIMM_TABLE)


@dataclass(frozen=True)
class Model:
    """One model: its network, its names on both sides, where it comes from, what is published.

    Accuracies that are known to be of the published weights stand in ``source``; ``undecided`` are
    two of which it is not known which one is.

    ``rows`` are the tables of the source framework, the one it writes today first; a source that
    has the network's own names needs none. ``first_feature`` is the index of Gluon's first stage,
    ``flat_prefix`` what Gluon calls the first such network of a process.
    ``input_size`` is the side of the square input in pixels, ``crop`` the share of the resized
    image's short side that it covers; ``regimes`` are those it is evaluated in, its own first.
    ``timm_interpolation`` is how timm resizes an image for this model (its ``pretrained_cfg``).
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
    undecided: Undecided | None = None
    card: Card | None = None
    regimes: tuple[Regime, ...] = ("gluon", "timm")
    num_classes: int = 1000
    input_size: int = 224
    crop: float = 0.875
    timm_interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    arithmetic: tuple[float, float] = (0.5, 2.0)

    def figure(self, regime: str) -> Figure | None:
        """The accuracy of the published weights in a regime; None where none is known."""
        return next((f for f in self.source.figures if f.regime == regime), None)

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
        """Shape of every tensor of the state dict, in its order; classes and channels are open.

        Read from the packaged manifest, so that no torch is needed.
        """
        manifest = files("architectures") / "manifests" / f"{self.name}.json"
        return {name: tuple(shape) for name, shape in json.loads(manifest.read_text()).items()}

    def sized(self, num_classes: int | None = None, in_chans: int = RGB) -> dict[str, Shape]:
        """Shape of every tensor of the state dict, in its order, for these counts; the published
        class count where none is given."""
        classes = self.num_classes if num_classes is None else num_classes
        sizes = {"classes": classes, "channels": in_chans}
        return {
            name: tuple(sizes[size] if isinstance(size, str) else size for size in shape)
            for name, shape in self.shapes.items()
        }

    @property
    def parameters(self) -> int:
        """Trainable parameters with the published class count and RGB images."""
        return count_parameters(self.sized())


def count_parameters(shapes: Mapping[str, Shape]) -> int:
    """Trainable parameters: all tensors but BatchNorm's statistics."""
    return sum(prod(shape) for name, shape in shapes.items() if not name.endswith(STATISTICS))
