"""What the catalogue holds of each model: one frozen record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from math import prod
from typing import Literal

from architectures.catalogue.client import Client
from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.dataset import Dataset
from architectures.catalogue.family import Family
from architectures.catalogue.figure import Figure, Regime, Unbound, Undecided
from architectures.catalogue.published_card import Card
from architectures.catalogue.source import Source
from mappings.language import Row, Table
from mappings.parts import is_classifiers
from mappings.shapes import OpenShape, Shape

STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_var", "num_batches_tracked")
"""How the names of BatchNorm's statistics end. They are not parameters."""

RGB = 3
"""The channels of the images that every published network takes, and that every regime gives."""


@dataclass(frozen=True)
class Model:
    """One model: its network, its names on both sides, where it comes from, what is published.

    Accuracies that are known to be of the published weights stand in ``source``. ``undecided`` are
    two accuracies, one of which is the published weights'; nobody knows which one. Or it is the
    accuracy of weights whose hash was not published.

    ``dataset`` is what the published weights were trained on, ``regimes`` are those that the model
    is evaluated in, its own first.
    ``rows`` are the tables of the source framework; the first is the one that it writes today. A
    source that has the network's own names needs none. ``first_feature`` is the index of Gluon's
    first stage among its ``features``, None where no name has it. ``flat_prefix`` is what Gluon
    calls the first such network of a process, None where GluonCV does not have the network.
    ``client`` is the same network in timm, None where timm does not have it.
    ``input_size`` is the side of the square input in pixels, ``crop`` the share of the resized
    image's short side that it covers.
    ``timm_interpolation`` is how timm resizes an image for this model (its ``pretrained_cfg``).
    ``base`` is the name of the model whose network this is, where only the weights are others.
    """

    name: str
    family: Family
    network: NetworkConfig
    source: Source
    dataset: Dataset
    regimes: tuple[Regime, ...]
    rows: tuple[tuple[Row, ...], ...] = ()
    first_feature: int | None = None
    flat_prefix: str | None = None
    client: Client | None = None
    undecided: Undecided | Unbound | None = None
    card: Card | None = None
    input_size: int = 224
    crop: float = 0.875
    timm_interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    base: str | None = None

    @property
    def pixels(self) -> None:
        """None: images are normalised as the regime says."""
        return None

    @property
    def num_classes(self) -> int:
        """The class count of the published weights."""
        return self.dataset.num_classes

    def figure(self, regime: str) -> Figure | None:
        """The accuracy of the published weights in a regime, None where it is not known."""
        return next((f for f in self.source.figures if f.regime == regime), None)

    @property
    def fixed(self) -> tuple[str, ...]:
        """The gammas that count as 1 whatever a file holds (MXNet's ``fix_gamma``)."""
        return self.network.fixed

    @property
    def table(self) -> Table:
        """The bijection between the source framework's names and the network's state dict."""
        return self.dialects[0][1]

    @cached_property
    def dialects(self) -> tuple[tuple[str, Table], ...]:
        """Every way in which a checkpoint of this model may be named, the source framework's own
        first. ``pytorch`` are the network's own names, which timm and torchvision write."""
        tables = [
            (
                "gluon" if self.source.framework == "gluoncv" else self.source.framework,
                Table.expand(rows, self.network.positions(self.first_feature), self.classifier),
            )
            for rows in self.rows
        ]
        return (*tables, ("pytorch", Table.identity(self.shapes, self.classifier)))

    @cached_property
    def shapes(self) -> Mapping[str, OpenShape]:
        """Shape of every tensor of the state dict, in its order; classes and channels are open.

        Read from the packaged manifest, so that no torch is needed.
        """
        manifest = files("architectures") / "manifests" / f"{self.base or self.name}.json"
        return {name: tuple(shape) for name, shape in json.loads(manifest.read_text()).items()}

    def sized(self, num_classes: int | None = None, in_chans: int = RGB) -> dict[str, Shape]:
        """Shape of every tensor of the state dict, in its order, for these counts. The class count
        is the published one by default."""
        classes = self.num_classes if num_classes is None else num_classes
        sizes = {"classes": classes, "channels": in_chans}
        return {
            name: tuple(sizes[size] if isinstance(size, str) else size for size in shape)
            for name, shape in self.shapes.items()
        }

    @property
    def classifier(self) -> str:
        """The network's name of the layer that gives the logits."""
        return self.network.classifier

    @property
    def num_features(self) -> int:
        """The features that the classifier takes."""
        return self.sized()[f"{self.classifier}.weight"][1]

    def expected(self, *, classifier: bool) -> Mapping[str, OpenShape]:
        """``shapes`` of the whole network, or of the network without its classifier."""
        head = self.classifier
        return {n: s for n, s in self.shapes.items() if classifier or not is_classifiers(n, head)}

    def has_classifier(self, names: Iterable[str]) -> bool:
        """Whether any of these tensors of the network belongs to its classifier."""
        return any(is_classifiers(name, self.classifier) for name in names)

    @property
    def parameters(self) -> int:
        """Trainable parameters with the published class count and RGB images."""
        return count_parameters(self.sized())


def count_parameters(shapes: Mapping[str, Shape]) -> int:
    """Trainable parameters: the elements of all tensors but BatchNorm's statistics."""
    return sum(prod(shape) for name, shape in shapes.items() if not name.endswith(STATISTICS))
