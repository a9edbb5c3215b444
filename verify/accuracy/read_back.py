"""Read an accuracy record back, and compute again everything that follows from its counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from convert.formats.shaped import Sha256, shaped
from mappings.errors import AccuracyError
from verify.accuracy.identity import Identity
from verify.accuracy.outcome import Accuracy, partial, published_figures
from verify.accuracy.proof import Proof
from verify.accuracy.reducer import Count
from verify.accuracy.task import Precision
from verify.accuracy.verdict import Paired, judge
from verify.datasets.expectation import expectation


@dataclass(frozen=True)
class Half:
    """The counts of half a run; a half without images has no other counts."""

    images: int
    top1_correct: int = 0
    top5_correct: int = 0

    @property
    def count(self) -> Count:
        return Count(self.images, self.top1_correct, self.top5_correct)


@dataclass(frozen=True)
class Measured:
    """The fields that a run measured. The other fields follow from them."""

    schema: Literal[1]
    model: str
    regime: Regime
    images: int
    top1_correct: int
    top5_correct: int
    data: str
    data_images: int
    problems: tuple[str, ...]
    undecoded: tuple[str, ...]
    halves: tuple[Half, Half]
    against: Paired | None
    checkpoint_sha256: Sha256
    manifest_sha256: Sha256
    precision: Precision
    compiled: bool
    batch_size: int
    max_pixels: int
    device: str
    fast_path: Proof | None
    environment: dict[str, str]


def read_back(values: Mapping[str, Any], model: Evaluated, classes: int) -> Accuracy:
    """The result of a network of ``model`` with that many classes, from the JSON of its record.

    The verdict is judged again, by the same function and the catalogue's figure.
    Raises ValueError for a field of another type, and AccuracyError for a record that contradicts
    itself: impossible counts, or a field that does not follow from the counts.
    """
    record = shaped(Measured, values)
    count = Count(record.images, record.top1_correct, record.top5_correct)
    taken = record.images + len(record.undecoded)
    figure, undecided = published_figures(model, record.regime, classes)
    _check_counts(record, count, taken)
    expected = expectation(model, classes)
    if expected.images not in (None, record.data_images) and not record.problems:
        raise AccuracyError(
            f"'data_images' is {record.data_images} and no problem is noted, but {expected.title} "
            f"has {expected.images} images"
        )
    why_partial = partial(taken, record.data_images, record.problems, record.undecoded)
    result = Accuracy(
        identity=_identity(record, model, taken),
        data=record.data,
        of=record.data_images,
        limit=taken if taken < record.data_images else None,
        problems=record.problems,
        undecoded=record.undecoded,
        count=count,
        halves=tuple(half.count for half in record.halves),
        published=figure,
        undecided=undecided,
        verdict=judge(count, figure, why_partial, undecided),
        proof=record.fast_path,
        environment=record.environment,
        against=record.against,
    )
    for name, value in json.loads(json.dumps(result.as_json())).items():
        if name not in values:
            raise ValueError(f"the field {name!r} is missing")
        if values[name] != value or isinstance(values[name], bool) != isinstance(value, bool):
            raise AccuracyError(
                f"the field {name!r} is {json.dumps(values[name])}, but it follows from the counts "
                f"and the catalogue as {json.dumps(value)}"
            )
    return result


def _check_counts(record: Measured, count: Count, taken: int) -> None:
    for part in (count, *(half.count for half in record.halves)):
        if not 0 <= part.top1 <= part.top5 <= part.images:
            raise AccuracyError(
                f"{part.top1} (top-1) and {part.top5} (top-5) right of {part.images} images are "
                "impossible"
            )
    if not count.images:
        raise AccuracyError("no image was counted")
    if taken > record.data_images:
        raise AccuracyError(f"{taken} images were counted of {record.data_images} in the data set")
    first, second = (half.count for half in record.halves)
    sums = Count(first.images + second.images, first.top1 + second.top1, first.top5 + second.top5)
    if sums != count:
        raise AccuracyError("the two halves do not add up to the whole")


def _identity(record: Measured, model: Evaluated, taken: int) -> Identity:
    return Identity(
        model=model.name,
        checkpoint_sha256=record.checkpoint_sha256,
        regime=record.regime,
        manifest_sha256=record.manifest_sha256,
        images=taken,
        batch_size=record.batch_size,
        max_pixels=record.max_pixels,
        precision=record.precision,
        compiled=record.compiled,
        device=record.device,
        versions={},  # the record keeps them in its environment
    )
