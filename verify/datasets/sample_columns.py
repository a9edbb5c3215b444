"""The columns of samples in shards: which one holds the image, the label, and the name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from mappings.errors import DatasetError
from verify.datasets.labelled_images import count, some

MOST_COLUMNS = 1_000
IMAGES = ("image", "img", "jpg", "jpeg", "png", "image_bytes", "bytes", "x")
LABELS = ("label", "labels", "fine_label", "cls", "target", "class", "y")
NAMES = ("filename", "file_name", "name", "path", "key", "__key__")
"""The names of columns; of several that are there, the first."""
ENCODED = ("jpeg", "png", "file:jpeg", "file:jpg", "file:png")
"""The encodings that hold an image's file, as ``bytes`` may."""
INTEGERS = {
    "int": Struct("<q"),
    "int8": Struct("<b"),
    "int16": Struct("<h"),
    "int32": Struct("<i"),
    "int64": Struct("<q"),
    "uint8": Struct("<B"),
    "uint16": Struct("<H"),
    "uint32": Struct("<I"),
    "uint64": Struct("<Q"),
}
PIXELS = ("pil", "list", "jpeg_array", "jpegarray", "ndarray", "numpy", "tensor", "no_header")
PICKLES = ("pkl", "pickle")


@dataclass(frozen=True)
class Column:
    """A column: its encoding, and its size in bytes, None if each sample has its own."""

    name: str
    encoding: str
    size: int | None = None


@dataclass(frozen=True)
class Chosen:
    """The places of the columns of images, labels and names; None without a column of names."""

    image: int
    label: int
    name: int | None
    number: Struct


def columns_of(index: str, names: Any, encodings: Any, sizes: Any) -> tuple[Column, ...]:
    """The columns that an index lists. Raises DatasetError if it is no such list."""
    lists = names, encodings, sizes
    if (
        not all(isinstance(held, list) and len(held) <= MOST_COLUMNS for held in lists)
        or not len(names) == len(encodings) == len(sizes)
        or not all(isinstance(text, str) for text in (*names, *encodings))
        or len(set(names)) != len(names)
        or not all(size is None or (type(size) is int and size >= 0) for size in sizes)
    ):
        raise DatasetError(
            f"{index}: expected names, encodings and sizes for at most {MOST_COLUMNS} columns: "
            "copy it again"
        )
    return tuple(Column(*one) for one in zip(names, encodings, sizes, strict=True))


def choose(index: Path | str, columns: Sequence[Column]) -> Chosen:
    """The columns to read. Raises DatasetError, which names the columns there are."""
    images = [c for c in columns if c.encoding in ENCODED]
    images = images or [c for c in columns if c.encoding == "bytes"]
    labels = [c for c in columns if c.encoding in INTEGERS]
    image, label = _one(images, IMAGES), _one(labels, LABELS)
    if image is None or label is None:
        held = some((f"{c.name} ({c.encoding})" for c in columns), 8)
        raise DatasetError(
            f"{index}: {count(len(images), 'column')} of image files and "
            f"{count(len(labels), 'column')} of labels among {held}: expected one of each: "
            f"encoded as jpeg, png or bytes, and as int{_reason(columns)}"
        )
    number = INTEGERS[label.encoding]
    if label.size not in (None, number.size):
        raise DatasetError(
            f"{index}: column {label.name!r} of {label.encoding} has {label.size} bytes, expected "
            f"{number.size}: copy it again"
        )
    name = _one([c for c in columns if c.encoding == "str" and c.name in NAMES], NAMES)
    places = {column: place for place, column in enumerate(columns)}
    return Chosen(places[image], places[label], None if name is None else places[name], number)


def _one(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    """The only column, or else the one with the first of the names."""
    named = {column.name: column for column in columns}
    if len(columns) == 1:
        return columns[0]
    return next((named[name] for name in names if name in named), None)


def _reason(columns: Sequence[Column]) -> str:
    """What is wrong with columns that might hold the image or the label."""
    for column in columns:
        if column.encoding in PICKLES:
            return (
                f"; {column.name!r} holds Python pickles, which could run code when they are read: "
                "write the data set again without them"
            )
    for column in columns:
        if column.encoding.startswith(PIXELS):
            return (
                f"; {column.name!r} ({column.encoding}) holds pixels or lists, not the published "
                "files: write the data set again from the files' bytes"
            )
    return ""
