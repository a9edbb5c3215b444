"""The options of ``verify accuracy``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from convert.formats.limits import MAX_PIXELS
from convert.formats.records import ACCURACY, record_path
from verify.graphs.image_classifier import GraphClassifier

Precision = Literal["float32", "tf32", "bfloat16"]


@dataclass(frozen=True)
class Task:
    """A checkpoint of a model, the images (None: the sample's own), and the options.

    ``network`` is the checkpoint's if a graph gives it; a model of the catalogue brings its own.
    ``ledgers``: the first is written to; finished chunks of the others are taken over.
    ``data`` and ``ledgers`` may be addresses in an object storage, as texts.
    ``max_pixels``: larger images are not decoded.
    """

    model: Evaluated
    checkpoint: Path
    regime: Regime
    data: Path | str | None = None
    labels: Path | None = None
    label_names: Path | None = None
    ledgers: tuple[Path | str, ...] = ()
    predictions: Path | None = None
    against: Path | None = None
    limit: int | None = None
    batch_size: int | None = None
    device: str | None = None
    max_pixels: int = MAX_PIXELS
    precision: Precision = "float32"
    compiled: bool = False
    cache: Path | None = None
    allow_incomplete: bool = False
    network: GraphClassifier | None = None

    @property
    def result(self) -> Path:
        """The file of the result, where ``publish`` looks for it."""
        return record_path(self.checkpoint, ACCURACY)

    @property
    def own_ledger(self) -> Path:
        """The folder of the ledger if none is named; the same command finds it again."""
        return self.result.with_suffix(".ledger")
