"""The figures of the published model cards, computed again by the conventions of their time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from architectures import Model
from architectures.catalogue.published_card import Card
from architectures.networks.build import build
from mappings.errors import MetadataError
from verify.metadata import file_size
from verify.metadata.flops import MMCV, THOP, Counter


@dataclass(frozen=True)
class CardFigure:
    """A figure of a card: as published, as computed here, and computed but not yet rounded.

    ``convention`` says exactly what is counted and how it is printed.
    """

    name: str
    published: float
    computed: float
    exact: int
    convention: str

    @property
    def equal(self) -> bool:
        """Whether the computed figure is the published one, to the last digit."""
        return self.computed == self.published

    def as_json(self) -> dict[str, Any]:
        """The figure for ``--json``."""
        return {
            "figure": self.name,
            "published": self.published,
            "computed": self.computed,
            "exact": self.exact,
            "equal": self.equal,
            "convention": self.convention,
        }


@dataclass(frozen=True)
class CardCheck:
    """All published figures of one model."""

    model: str
    figures: tuple[CardFigure, ...]

    @property
    def equal(self) -> bool:
        """Whether there are figures, and all are equal."""
        return bool(self.figures) and all(figure.equal for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        """The model's entry for ``--json``."""
        figures = [figure.as_json() for figure in self.figures]
        return {"model": self.model, "equal": self.equal, "figures": figures}


@dataclass(frozen=True)
class Printing:
    """How cards print a number of FLOPs, counted by one tool, and of parameters."""

    counter: Counter
    flops: Callable[[int], float]
    parameters: Callable[[int], float]
    flops_note: str
    parameters_note: str


PRINTINGS = {
    "thop": Printing(THOP, int, lambda count: round(count, -4), "", "to ten thousand"),
    "mmcv": Printing(
        MMCV,
        lambda count: round(count / 1e9, 2),
        lambda count: round(count / 1e6, 2),
        ", in G",
        "in M",
    ),
}


def verify_card(model: Model) -> CardCheck:
    """Compute the figures of a model's card.

    Raises MetadataError for a model without a card.
    """
    if model.card is None:
        raise MetadataError(
            f"{model.name}: no card was published for this model: name one that has a card"
        )
    return CardCheck(model.name, tuple(_figures(model, model.card)))


def _figures(model: Model, card: Card) -> Iterator[CardFigure]:
    printing = PRINTINGS[card.counter]
    if card.parameters is not None:
        count = model.parameters
        note = f"trainable, {printing.parameters_note}"
        yield CardFigure("parameters", card.parameters, printing.parameters(count), count, note)
    count = flops(model, printing.counter)
    note = f"{printing.counter.description}{printing.flops_note}"
    yield CardFigure("flops", card.flops, printing.flops(count), count, note)
    if card.file_size is not None:
        size = file_size.file_size(model, card)
        note = file_size.convention(card)
        yield CardFigure("file size", card.file_size, size, size, note)


def flops(model: Model, counter: Counter) -> int:
    """The FLOPs of a model's network, counted as a tool counts them."""
    with torch.device("meta"):
        network = build(model, None if counter.classifier else 0)
    return counter.count(network)
