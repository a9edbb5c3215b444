"""What preparing images and counting right answers need of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from architectures.catalogue.dataset import Dataset, Triple
from architectures.catalogue.figure import Figure, Regime, Unbound, Undecided

Interpolation = Literal["bicubic", "bilinear"]


class Evaluated(Protocol):
    """A classifier of images: a ``Model`` of the catalogue, or one that its user describes."""

    @property
    def name(self) -> str: ...
    @property
    def num_classes(self) -> int: ...
    @property
    def dataset(self) -> Dataset: ...
    @property
    def regimes(self) -> tuple[Regime, ...]: ...
    @property
    def undecided(self) -> Undecided | Unbound | None: ...
    @property
    def input_size(self) -> int: ...
    @property
    def crop(self) -> float: ...
    @property
    def timm_interpolation(self) -> Interpolation: ...
    @property
    def pixels(self) -> tuple[Triple, Triple] | None: ...

    def figure(self, regime: str) -> Figure | None: ...


@dataclass(frozen=True)
class OwnClassifier:
    """A classifier that comes from a graph; nothing is published about it.

    ``input_size`` is the side of the square input in pixels, ``crop`` the share of the resized
    image's short side that it covers. ``pixels`` are the mean and the scale that normalise pixels
    of 0 to 255, (pixel - mean) / scale, in RGB; None for those of the regime.
    """

    name: str
    dataset: Dataset
    input_size: int
    pixels: tuple[Triple, Triple] | None
    crop: float
    regimes: tuple[Regime, ...] = ("gluon",)
    undecided: Undecided | Unbound | None = None
    timm_interpolation: Interpolation = "bicubic"

    @property
    def num_classes(self) -> int:
        """The classes of its own data set."""
        return self.dataset.num_classes

    def figure(self, regime: str) -> Figure | None:
        """None: nobody published an accuracy."""
        return None
