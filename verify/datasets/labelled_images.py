"""Labelled images, each at a place in a file: every kind of data set becomes this."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

from convert.formats.regular import open_regular
from mappings.errors import DatasetError, FormatError
from mappings.words import first_few
from verify.datasets.cloud import is_cloud, read_part, trouble
from verify.datasets.expectation import Expectation

MAX_IMAGE_BYTES = 1 << 30
"""The largest image that is read: 179 million pixels of three 16-bit channels take this much."""

MAX_DIGITS = 9
"""The most digits of a class number. Python raises an error for thousands of digits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image: its name, '/'-separated and unique, its class index, its size in bytes; the size
    is None if only reading the image shows it."""

    id: str
    label: int
    size: int | None


class ImagePlace(Protocol):
    """Where the bytes of an image are."""

    @property
    def path(self) -> str:
        """The file that holds them."""

    @property
    def size(self) -> int | None:
        """How many bytes they are; None if only reading them shows it."""

    @property
    def where(self) -> tuple[Any, ...]:
        """What finds them in the file."""

    def read(self) -> bytes:
        """The stored bytes. Raises DatasetError if the file no longer has them."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an image's bytes are: spans (offset, size) of one file, joined by ``between``.

    ``kept``: the bytes themselves, of a small file that was read when it was listed.
    """

    path: str
    spans: tuple[tuple[int, int], ...]
    between: bytes = b""
    kept: bytes | None = None

    @property
    def size(self) -> int:
        return sum(size for _, size in self.spans) + len(self.between) * (len(self.spans) - 1)

    @property
    def where(self) -> tuple[Any, ...]:
        return self.spans, self.between

    def read(self) -> bytes:
        """The stored bytes. Raises DatasetError if the file no longer has them."""
        if self.kept is not None:
            return self.kept
        try:
            if is_cloud(self.path):
                parts = [read_part(self.path, offset, size) for offset, size in self.spans]
            else:
                with open_regular(self.path) as file:
                    parts = [os.pread(file.fileno(), size, offset) for offset, size in self.spans]
        except FileNotFoundError as error:
            raise DatasetError(str(trouble(self.path, error))) from None
        except FormatError as error:
            raise DatasetError(str(error)) from None
        except OSError as error:
            raise DatasetError(f"{self.path}: cannot be read: {error.strerror}") from None
        data = self.between.join(parts)
        if len(data) != self.size:
            raise DatasetError(
                f"{self.path}: expected {self.size} bytes at byte {self.spans[0][0]}, found "
                f"{len(data)}: the file changed since it was listed"
            )
        return data


@dataclass(frozen=True, slots=True)
class FoundImage:
    """An image that was found; its label is None if nothing says its class."""

    id: str
    location: ImagePlace
    label: int | None = None


@dataclass(frozen=True)
class LabelledImages:
    """Labelled images in the order of their ids, and what is wrong with them.

    It holds names and locations but no open file, so it is cheap to pickle and works in any
    process. ``kind`` says what it was recognised as; ``found`` are the problems that the reader
    found.
    """

    path: str
    kind: str
    expectation: Expectation
    entries: tuple[Entry, ...]
    locations: tuple[ImagePlace, ...]
    found: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        path: str,
        kind: str,
        expectation: Expectation,
        images: Iterable[FoundImage],
        found: Iterable[str] = (),
    ) -> LabelledImages:
        """The images sorted by id.

        Raises DatasetError for an id that occurs twice, for an image that is too large, and if no
        image has a label.
        """
        ordered = sorted(images, key=lambda image: image.id)
        for image in ordered:
            try:
                image.id.encode()
            except UnicodeEncodeError:
                raise DatasetError(f"{path}: name {image.id!r} is not UTF-8: rename it") from None
            size = image.location.size
            if size is not None and size > MAX_IMAGE_BYTES:
                raise DatasetError(
                    f"{path}: {image.id!r} has {size} bytes; expected at most {MAX_IMAGE_BYTES}: "
                    "remove it"
                )
        for one, other in pairwise(ordered):
            if one.id == other.id:
                raise DatasetError(f"{path}: {one.id!r} occurs twice: every image counts once")
        found = list(found)
        classes = range(expectation.classes)
        labelled = [image for image in ordered if image.label in classes]
        if unlabelled := [image.id for image in ordered if image.label is None]:
            found.append(f"{count(len(unlabelled), 'image')} without a label: {some(unlabelled)}")
        if unknown := len(ordered) - len(labelled) - len(unlabelled):
            labels = sorted({i.label for i in ordered if i.label is not None} - set(classes))
            found.append(
                f"{count(unknown, 'image')} of classes beyond the model's 0 to {classes[-1]}, left "
                f"out: class {some(map(str, labels))}"
            )
        if not labelled:
            raise DatasetError("; ".join([f"{path}: has no labelled image", *found]))
        entries = tuple(
            Entry(image.id, image.label, image.location.size)
            for image in labelled
            if image.label is not None
        )
        locations = tuple(image.location for image in labelled)
        return cls(path, kind, expectation, entries, locations, tuple(found))

    def with_problems(self, problems: Iterable[str]) -> LabelledImages:
        """The same images with more problems that were found in reading."""
        return replace(self, found=(*self.found, *problems))

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, index: int) -> bytes:
        """The stored bytes of the image of ``entries[index]``."""
        return self.locations[index].read()

    @cached_property
    def counts(self) -> Counter[int]:
        """How many images each class has."""
        return Counter(entry.label for entry in self.entries)

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is wrong or missing, one line each: problems found in reading, then the counts."""
        return (*self.found, *self.expectation.unmet(self.counts))

    @property
    def complete(self) -> bool:
        """Whether this is the model's whole evaluation set."""
        return not self.problems


def count(number: int, noun: str) -> str:
    """``1 image``, ``1 234 images``."""
    plural = noun if number == 1 else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {plural}".replace(",", " ")


def is_number(text: str) -> bool:
    """Whether a text is a class number: digits, at most ``MAX_DIGITS`` of them."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def some(names: Iterable[str], limit: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    return first_few((name if name.isprintable() else repr(name) for name in names), limit)
