"""The network's answer to one image, and its line in a CSV file."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.formats import Array
from convert.formats.regular import read_bytes
from mappings.errors import AccuracyError

TOP = 5
MAX_PREDICTIONS = 1 << 30
"""Bytes of a file of predictions: a few hundred for each image."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """An image by its path, its label, and the classes with the highest logits, best first.

    ``logits`` are float32 values. An image that does not decode has neither classes nor logits.
    """

    path: str
    label: int
    classes: tuple[int, ...]
    logits: tuple[float, ...]

    @property
    def decoded(self) -> bool:
        return bool(self.classes)

    @property
    def top1(self) -> bool:
        """Whether the best class is the label."""
        return self.classes[:1] == (self.label,)

    @property
    def top5(self) -> bool:
        """Whether the label is among the best five."""
        return self.label in self.classes


def best(logits: Array) -> Array:
    """The highest classes of rows of finite ``logits`` (N, classes), best first: (N, at most 5).

    The lower of two equal classes comes first, as in MXNet's own file of the sample.
    """
    left = logits.copy()
    order = np.empty((len(logits), min(TOP, logits.shape[1])), np.int64)
    for rank in order.T:
        rank[:] = left.argmax(axis=1)  # the first of equals
        np.put_along_axis(left, rank[:, None], -np.inf, axis=1)
    return order


def header(ranks: int) -> list[str]:
    """The titles of a file of predictions with ``ranks`` classes for each image."""
    classes, logits = ([f"{what}{k + 1}" for k in range(ranks)] for what in ("class", "logit"))
    return ["path", "label", *classes, *logits]


def to_csv(predictions: Iterable[Prediction], ranks: int) -> str:
    """The CSV text, header first; each float32 has the fewest digits that restore it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header(ranks))
    for p in predictions:
        blanks = [""] * (ranks - len(p.classes))
        logits = [str(np.float32(logit)) for logit in p.logits]
        writer.writerow([p.path, p.label, *p.classes, *blanks, *logits, *blanks])
    return text.getvalue()


def from_csv(text: str, where: Path | str) -> list[Prediction]:
    """The predictions in ``text``, read from ``where``. Raises AccuracyError for other text."""
    rows = _rows(text, where)
    titles = next(rows, [])
    ranks = (len(titles) - 2) // 2
    if ranks < 1 or titles != header(ranks):
        raise AccuracyError(
            f"{where}: not a file of predictions: it begins {','.join(titles)[:80]!r}, expected "
            f"{','.join(header(TOP))}"
        )
    return [_parse(row, ranks, f"{where}: line {line}") for line, row in enumerate(rows, 2)]


def read_csv(path: Path) -> list[Prediction]:
    """The predictions in a file.

    Raises AccuracyError for another file, FormatError for one that cannot be read.
    """
    text = read_bytes(path, MAX_PREDICTIONS).decode("utf-8", "surrogateescape")
    return from_csv(text, path)


def _rows(text: str, where: Path | str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise AccuracyError(f"{where}: not a file of predictions: {error}") from error


def _parse(row: list[str], ranks: int, where: str) -> Prediction:
    try:
        path, label, *answer = row
        if len(answer) != 2 * ranks:
            raise ValueError(f"{len(row)} columns, expected {2 + 2 * ranks}")
        classes = tuple(int(cell) for cell in answer[:ranks] if cell)
        logits = tuple(array("f", map(float, filter(None, answer[ranks:]))))
        if len(classes) != len(logits):
            raise ValueError(f"{len(classes)} classes and {len(logits)} logits")
        return Prediction(path, int(label), classes, logits)
    except ValueError as error:
        raise AccuracyError(f"{where}: not a prediction: {error}") from error
