"""The result of a run, as the record that is written beside the checkpoint."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Figure, Unbound, Undecided
from architectures.networks.environment import environment
from convert.formats.records import ACCURACY
from mappings.errors import AccuracyError
from mappings.notebook_card import State, notebook_card
from mappings.words import first_few
from verify.accuracy.identity import Identity
from verify.accuracy.prediction import Prediction
from verify.accuracy.proof import Proof
from verify.accuracy.reducer import Count, count
from verify.accuracy.task import Task
from verify.accuracy.verdict import Paired, Verdict, judge, wilson
from verify.datasets import LabelledImages


@dataclass(frozen=True)
class Accuracy:
    """The counts of one run and the verdict on them.

    ``data``: the name of the data set's folder or file, without its path, since the record may be
    published. ``of``: images of the data set, of which ``limit`` were asked for; ``undecoded``:
    paths of those that do not decode; ``problems``: what the data set lacks. ``halves``: the first
    and the second half of the images in their order. ``undecided``: published figures that may be
    of other weights, so they judge nothing. ``proof`` is None if no chunk was left to run.
    """

    identity: Identity
    data: str
    of: int
    limit: int | None
    problems: tuple[str, ...]
    undecoded: tuple[str, ...]
    count: Count
    halves: tuple[Count, ...]
    published: Figure | None
    undecided: Undecided | Unbound | None
    verdict: Verdict
    proof: Proof | None
    environment: dict[str, str]
    against: Paired | None = None

    @property
    def complete(self) -> bool:
        """Whether every image of a whole evaluation set was counted."""
        return not (self.problems or self.undecoded or self.limit)

    def _repr_html_(self) -> str:
        """The verdict and the counts, for a notebook."""
        words: dict[bool | None, tuple[str, State]] = {
            True: ("REPRODUCED", "pass"),
            False: ("NOT REPRODUCED", "fail"),
            None: ("NOT JUDGED", "open"),
        }
        found = self.count
        shares = [
            f"{right:,} of {found.images:,} images right, {100 * right / found.images:.3f} %"
            for right in (found.top1, found.top5)
        ]
        return notebook_card(
            *words[self.verdict.reproduced],
            f"{self.identity.model}: {shares[0]}",
            [
                ("why", self.verdict.why),
                ("top-5", shares[1]),
                ("published", self.published or ""),
                ("preprocessing", self.identity.regime),
                ("images", self.data if self.complete else f"{self.data}, not a whole set"),
                ("checkpoint", self.identity.checkpoint_sha256),
            ],
        )

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values, the contract's fields first."""
        return {
            "schema": ACCURACY.schema,
            "model": self.identity.model,
            "regime": self.identity.regime,
            **_count(self.count),
            "published": self.published and asdict(self.published),
            "undecided": self.undecided and self.undecided.as_json(),
            "reproduced": self.verdict.reproduced,
            "why": self.verdict.why,
            "difference": {
                name: side and {**asdict(side), "within": side.within}
                for name, side in (("top1", self.verdict.top1), ("top5", self.verdict.top5))
            },
            "complete": self.complete,
            "limit": self.limit,
            "data": self.data,
            "data_images": self.of,
            "problems": self.problems,
            "undecoded": self.undecoded,
            "halves": [_count(half) for half in self.halves],
            "against": self.against and asdict(self.against),
            "checkpoint_sha256": self.identity.checkpoint_sha256,
            "manifest_sha256": self.identity.manifest_sha256,
            "dtype": "bfloat16" if self.identity.precision == "bfloat16" else "float32",
            "precision": self.identity.precision,
            "compiled": self.identity.compiled,
            "batch_size": self.identity.batch_size,
            "max_pixels": self.identity.max_pixels,
            "device": self.identity.device,
            "fast_path": self.proof and self.proof.as_json(),
            "environment": {**self.environment, **self.identity.versions},
        }

    def failure(self) -> str:
        """One line that says why a number is not reproduced."""
        return f"{self.identity.model}: not reproduced in regime {self.identity.regime}: " + (
            self.verdict.why
        )


def accuracy(
    task: Task,
    identity: Identity,
    dataset: LabelledImages,
    predictions: Sequence[Prediction],
    classes: int,
    proof: Proof | None,
    paired: Paired | None,
) -> Accuracy:
    """The result of a finished run. Raises AccuracyError if no image decodes."""
    found, middle = count(predictions), (len(predictions) + 1) // 2
    if not found.images:
        raise AccuracyError(f"{dataset.path}: there is no number, since no image decodes")
    undecoded = tuple(p.path for p in predictions if not p.decoded)
    figure, undecided = published_figures(task.model, task.regime, classes)
    taken, of = len(predictions), len(dataset.entries)
    return Accuracy(
        identity=identity,
        data=Path(os.path.abspath(dataset.path)).name,
        of=of,
        limit=taken if taken < of else None,
        problems=dataset.problems,
        undecoded=undecoded,
        count=found,
        halves=(count(predictions[:middle]), count(predictions[middle:])),
        published=figure,
        undecided=undecided,
        verdict=judge(found, figure, partial(taken, of, dataset.problems, undecoded), undecided),
        proof=proof,
        environment=environment(),
        against=paired,
    )


def published_figures(
    model: Evaluated, regime: str, classes: int
) -> tuple[Figure | None, Undecided | Unbound | None]:
    """The published figure of a model in a regime, and published figures that may be of other
    weights; neither exists for a network tuned to another number of classes."""
    if classes != model.num_classes:
        return None, None
    return model.figure(regime), model.undecided


def partial(taken: int, of: int, problems: Sequence[str], undecoded: Sequence[str]) -> str | None:
    """Why the count of ``taken`` of ``of`` images cannot be judged; None if it can."""
    why = []
    if taken < of:
        why.append(f"limited to {taken:,} of {of:,} images")
    if problems:
        why.append(f"incomplete: {'; '.join(problems)}")
    if undecoded:
        why.append(f"{len(undecoded)} images do not decode: {first_few(undecoded)}")
    return "; ".join(why) or None


def _count(count: Count) -> dict[str, Any]:
    if not count.images:
        return {"images": 0}
    return {
        "images": count.images,
        "top1_correct": count.top1,
        "top5_correct": count.top5,
        "top1": 100 * count.top1 / count.images,
        "top5": 100 * count.top5 / count.images,
        "top1_interval": wilson(count.top1, count.images),
        "top5_interval": wilson(count.top5, count.images),
    }
