"""Which images a run is about: fixed before it starts, and identified by one hash."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class HashedImage:
    """One image of a data set: ``sha256`` and ``size`` (bytes) are of the file's own bytes."""

    path: str
    sha256: str
    label: int
    size: int


@dataclass(frozen=True)
class Manifest:
    """The images of a run in their order."""

    images: tuple[HashedImage, ...]

    @cached_property
    def text(self) -> str:
        """CSV with one line for each image."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("path", "sha256", "label", "size"))
        writer.writerows((i.path, i.sha256, i.label, i.size) for i in self.images)
        return text.getvalue()

    @cached_property
    def sha256(self) -> str:
        """The hash of ``text``: it identifies the images of a run."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()

    def chunks(self, size: int) -> list[range]:
        """The fixed chunks: positions of ``size`` images each; the last may have fewer."""
        total = len(self.images)
        return [range(start, min(start + size, total)) for start in range(0, total, size)]


def spread(total: int, limit: int | None) -> Sequence[int]:
    """``limit`` of ``total`` positions, evenly spread over all parts of the set."""
    if limit is None or limit >= total:
        return range(total)
    return [position * total // limit for position in range(limit)]
