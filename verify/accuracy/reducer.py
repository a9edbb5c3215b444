"""From the chunks of a ledger to exactly one answer for every image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import Manifest
from verify.accuracy.prediction import Prediction


@dataclass(frozen=True)
class Count:
    """How many of ``images`` images have the right class first, and among the first five."""

    images: int
    top1: int
    top5: int


def collect(ledger: Ledger) -> list[Prediction]:
    """Every prediction of a finished run, in the manifest's order.

    Raises AccuracyError unless every image of the manifest has exactly one answer.
    """
    found = []
    for chunk in range(len(ledger.chunks)):
        predictions = ledger.read(chunk)
        if predictions is None:
            raise AccuracyError(
                f"{ledger.path(chunk)}: missing or damaged, so there is no number: run the same "
                "command again"
            )
        found += predictions
    exactly_once(ledger.manifest, found, ledger.folder)
    return found


def exactly_once(manifest: Manifest, predictions: Iterable[Prediction], where: Path) -> None:
    """Raise AccuracyError unless the predictions, from ``where``, answer each image once."""
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
    decoded = [p for p in predictions if p.decoded]
    return Count(len(decoded), sum(p.top1 for p in decoded), sum(p.top5 for p in decoded))
