"""Which images a run is about: fixed before it starts, and known by one hash."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Image:
    """One image of a data set: ``sha256`` and ``size`` (bytes) are of the file's own bytes."""

    path: str
    sha256: str
    label: int
    size: int


@dataclass(frozen=True)
class Manifest:
    """The images of a run in their order."""

    images: tuple[Image, ...]

    @cached_property
    def text(self) -> str:
        """CSV, one line an image."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("path", "sha256", "label", "size"))
        writer.writerows((i.path, i.sha256, i.label, i.size) for i in self.images)
        return text.getvalue()

    @cached_property
    def sha256(self) -> str:
        """The hash of ``text``, which is what a run is about."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()

    def chunks(self, size: int) -> list[range]:
        """The fixed chunks: positions of ``size`` images each, the last of what is left."""
        total = len(self.images)
        return [range(start, min(start + size, total)) for start in range(0, total, size)]


def spread(total: int, limit: int | None) -> Sequence[int]:
    """``limit`` of ``total`` positions, evenly spread, so that every part of the set has a say."""
    if limit is None or limit >= total:
        return range(total)
    return [position * total // limit for position in range(limit)]
