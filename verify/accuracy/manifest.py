"""Which images a run is about: fixed before it starts, and identified by one hash."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from verify.datasets import Entry

LINES = 10_000
"""Lines of a manifest's text that are made at once."""
DIGEST, SIZE = 32, 8
RECORD = DIGEST + SIZE
"""Bytes for what reading an image shows: its sha256, and its size as a little-endian number."""


@dataclass(frozen=True, slots=True)
class HashedImage:
    """One image of a data set: ``sha256`` and ``size`` (bytes) are of the file's own bytes."""

    path: str
    sha256: str
    label: int
    size: int


@dataclass(frozen=True, slots=True)
class HashedEntries(Sequence[HashedImage]):
    """Images as the entries of a data set and, for each, a record of its hash and its size.

    Millions of them take 48 bytes each beside the data set.
    """

    entries: Sequence[Entry]
    records: bytes

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> HashedImage: ...
    @overload
    def __getitem__(self, index: slice) -> HashedEntries: ...

    def __getitem__(self, index: int | slice) -> HashedImage | HashedEntries:
        if isinstance(index, slice):
            first, last, step = index.indices(len(self))
            if step != 1:
                raise ValueError(f"a step of {step}, expected 1")
            entries = self.entries[first:last]
            return HashedEntries(entries, self.records[RECORD * first : RECORD * last])
        position = range(len(self))[index]
        entry, record = (
            self.entries[position],
            self.records[RECORD * position : RECORD * (position + 1)],
        )
        return HashedImage(entry.id, record[:DIGEST].hex(), entry.label, size_in(record))


def record_of(data: bytes) -> bytes:
    """The record of an image with these bytes."""
    return hashlib.sha256(data).digest() + len(data).to_bytes(SIZE, "little")


def size_in(record: bytes) -> int:
    """The size of an image, in its record."""
    return int.from_bytes(record[DIGEST:], "little")


@dataclass(frozen=True)
class Manifest:
    """The images of a run in their order."""

    images: Sequence[HashedImage]

    def pieces(self) -> Iterator[str]:
        """CSV with one line for each image, many lines at a time."""
        for first in range(0, max(1, len(self.images)), LINES):
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            if not first:
                writer.writerow(("path", "sha256", "label", "size"))
            images = self.images[first : first + LINES]
            writer.writerows((i.path, i.sha256, i.label, i.size) for i in images)
            yield text.getvalue()

    @property
    def text(self) -> str:
        """The whole CSV."""
        return "".join(self.pieces())

    @cached_property
    def sha256(self) -> str:
        """The hash of ``text``: it identifies the images of a run."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    @property
    def repeated(self) -> int:
        """How many images have the bytes of an image before them, by 64 bits of their hashes."""
        beginnings = (int(image.sha256[:16], 16) for image in self.images)
        found = np.fromiter(beginnings, np.uint64, len(self.images))
        return len(found) - len(np.unique(found))

    def chunks(self, size: int) -> Sequence[range]:
        """The fixed chunks: positions of ``size`` images each; the last may have fewer."""
        return Chunks(len(self.images), size)


@dataclass(frozen=True, slots=True)
class Chunks(Sequence[range]):
    """``total`` positions in chunks of ``size``."""

    total: int
    size: int

    def __len__(self) -> int:
        return -(-self.total // self.size)

    @overload
    def __getitem__(self, index: int) -> range: ...
    @overload
    def __getitem__(self, index: slice) -> list[range]: ...

    def __getitem__(self, index: int | slice) -> range | list[range]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        start = range(len(self))[index] * self.size
        return range(start, min(start + self.size, self.total))


def spread(total: int, limit: int | None) -> Sequence[int]:
    """``limit`` of ``total`` positions, evenly spread over all parts of the set."""
    if limit is None or limit >= total:
        return range(total)
    return [position * total // limit for position in range(limit)]
