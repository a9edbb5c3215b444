"""From the chunks of a ledger to exactly one answer for every image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import Manifest
from verify.accuracy.prediction import Prediction
from verify.accuracy.prediction_columns import PredictionColumns


@dataclass(frozen=True)
class Count:
    """How many of ``images`` images have the right class first, and among the first five."""

    images: int
    top1: int
    top5: int


def collect(ledger: Ledger) -> Sequence[Prediction]:
    """Every prediction of a finished run, in the manifest's order.

    Raises AccuracyError unless every image of the manifest has exactly one answer.
    """
    images = ledger.manifest.images
    found = PredictionColumns.of(images, ledger.classes)
    for chunk, span in enumerate(ledger.chunks):
        predictions = ledger.read(chunk)
        if predictions is None:
            raise AccuracyError(
                f"{ledger.path(chunk)}: missing or damaged, so there is no number: run the same "
                "command again"
            )
        asked = list(images[span.start : span.stop])
        exactly_once(Manifest(asked), predictions, ledger.folder)
        if any(p.path != image.path for p, image in zip(predictions, asked, strict=True)):
            by_path = {p.path: p for p in predictions}
            predictions = [by_path[image.path] for image in asked]
        found.put(span.start, predictions)
    return found


def exactly_once(manifest: Manifest, predictions: Sequence[Prediction], where: Path | str) -> None:
    """Raise AccuracyError unless the predictions, from ``where``, answer each image once."""
    pairs = zip(manifest.images, predictions, strict=False)
    if len(manifest.images) == len(predictions) and all(
        image.path == p.path and image.label == p.label for image, p in pairs
    ):
        return
    asked = Counter((image.path, image.label) for image in manifest.images)
    answered = Counter((p.path, p.label) for p in predictions)
    wrong = {
        "unanswered": [path for path, _ in asked - answered],
        "answered more than once or not asked": [path for path, _ in answered - asked],
    }
    if said := [f"{what}: {first_few(paths)}" for what, paths in wrong.items() if paths]:
        raise AccuracyError(
            f"{where}: the images of the run do not have one answer each: {'; '.join(said)}"
        )


def count(predictions: Iterable[Prediction]) -> Count:
    """The counts over the images that decode."""
    images = top1 = top5 = 0
    for p in predictions:
        if p.decoded:
            images, top1, top5 = images + 1, top1 + p.top1, top5 + p.top5
    return Count(images, top1, top5)
