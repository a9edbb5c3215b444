"""TFRecord files as tensorflow-datasets writes them, read without TensorFlow.

A record is the length of its data (uint64 little-endian), the masked CRC-32C of these eight bytes,
the data, and the masked CRC-32C of the data (tensorflow/core/lib/io/record_writer.cc). The data are
a ``tf.train.Example``. Beside the files, ``dataset_info.json`` says how many records each has, and
``label.labels.txt`` the names of the classes in the order of their numbers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.json_text import json_object
from mappings.errors import DatasetError, FormatError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames, read_label_names, relabelled
from verify.datasets.labelled_images import FoundImage, LabelledImages, Location, count, some
from verify.datasets.split_files import SplitFile, evaluated_split, missing_files
from verify.datasets.storage import Neighbours, Read, name_of, neighbours, opened, read_file
from verify.datasets.tf_example import Feature, WrongExample, features

HEAD, TAIL = struct.Struct("<QI"), struct.Struct("<I")
MAX_RECORD = 1 << 30
IMAGES, LABELS = ("image", "image/encoded", "img", "jpg"), ("label", "image/class/label")
NAMES = ("file_name", "filename", "image/filename")
"""The features of tensorflow-datasets, and of the scripts in tensorflow/models, for ImageNet."""
WINDOW = 512
"""Bytes that are read at once while a record is looked through."""
INFO = "dataset_info.json"
MAX_INFO, LONGEST_NAME = 1 << 26, 4096
FILE = re.compile(r"\.tfrecords?(?:-[0-9]{5,9}-of-[0-9]{5,9})?$")


def is_tfrecord(path: Path | str) -> bool:
    """Whether a file is called as tensorflow-datasets calls its files."""
    return FILE.search(name_of(path)) is not None


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """An image in a record: the span of the record's data, and the span of the image in them."""

    path: str
    record: tuple[int, int]
    image: tuple[int, int]

    @property
    def size(self) -> int:
        return self.image[1]

    @property
    def where(self) -> tuple[Any, ...]:
        return self.record, self.image

    def read(self) -> bytes:
        """The stored bytes. Raises DatasetError if the record is damaged, or no longer there."""
        offset, size = self.record
        data = Location(self.path, ((offset, size + TAIL.size),)).read()
        if TAIL.unpack(data[size:])[0] != masked_crc32c(data[:size]):
            raise DatasetError(
                f"{self.path}: byte {offset}: the record of {size} bytes does not have its "
                "checksum: the file is damaged: copy it again"
            )
        begin = self.image[0] - offset
        return data[begin : begin + self.image[1]]


def masked_crc32c(data: bytes) -> int:
    """TensorFlow's checksum of some bytes (tensorflow/core/lib/hash/crc32c.h, Mask)."""
    import google_crc32c

    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_tfrecord(
    path: str, files: Sequence[SplitFile], expected: Expectation, names: ClassNames | None
) -> LabelledImages:
    """The images of TFRecord files in the order of files and records.

    ``names``: those of the classes that the user gives. Raises DatasetError for files that are
    damaged or hold other records, and for labels in an unknown order.
    """
    split, chosen = evaluated_split(path, files)
    found = missing_files(path, chosen)
    images: list[FoundImage] = []
    counts: dict[str, int] = {}
    for file in chosen:
        rows = list(list_records(file))
        counts[name_of(file.path)] = len(rows)
        images += rows
    beside = neighbours(chosen[0].path)
    found += _unlike_info(beside, split, counts)
    images = relabelled(path, expected, images, names or _class_names(beside))
    kind = f"TFRecord files, split {split}" if split else "TFRecord files"
    return LabelledImages.of(path, kind, expected, images, found)


def list_records(file: SplitFile) -> Iterator[FoundImage]:
    """The image of each record; of the records, only what describes the image is read."""
    path = file.path
    with opened(path) as (read, total):
        offset = number = 0
        while offset < total:
            head = read(offset, HEAD.size)
            if len(head) < HEAD.size:
                raise DatasetError(f"{path}: byte {offset}: the file is cut short: copy it again")
            size, crc = HEAD.unpack(head)
            if crc != masked_crc32c(head[:8]):
                raise DatasetError(
                    f"{path}: byte {offset}: the length of a record does not have its "
                    "checksum: not a TFRecord file, or a compressed or damaged one"
                )
            begin = offset + HEAD.size
            if size > MAX_RECORD or size + TAIL.size > total - begin:
                raise DatasetError(
                    f"{path}: byte {offset}: a record of {size} bytes, but the file ends "
                    f"{total - begin} bytes later: copy it again"
                )
            yield _image(file, _Window(read), begin, size, number)
            offset, number = begin + size + TAIL.size, number + 1
        if not number:
            raise DatasetError(f"{path}: the file is empty, expected TFRecord")


class _Window:
    """Reads a file in pieces, of which the last one is kept."""

    def __init__(self, reads: Read) -> None:
        self.reads, self.start, self.data = reads, 0, b""

    def read(self, offset: int, size: int) -> bytes:
        if not self.start <= offset <= offset + size <= self.start + len(self.data):
            self.start = offset
            self.data = self.reads(offset, max(size, WINDOW))
        begin = offset - self.start
        return self.data[begin : begin + size]


def _image(file: SplitFile, window: _Window, begin: int, size: int, number: int) -> FoundImage:
    def one(names: Sequence[str], held: dict[str, Feature]) -> Feature:
        return next((held[name] for name in names if name in held), Feature())

    try:
        held = features(window.read, begin, size)
    except WrongExample as error:
        raise DatasetError(
            f"{file.path}: byte {begin}: the record is not a tf.train.Example ({error}): copy the "
            "file again"
        ) from None
    image, label, name = (one(names, held) for names in (IMAGES, LABELS, NAMES))
    if len(image.spans) != 1 or len(label.numbers) > 1:
        raise DatasetError(
            f"{file.path}: byte {begin}: a record with the features {some(sorted(held), 8)}: "
            f"expected one image in {IMAGES[0]!r} and one number in {LABELS[0]!r}"
        )
    suffix = ""
    if len(name.spans) == 1 and name.spans[0][1] <= LONGEST_NAME:
        said = window.read(*name.spans[0]).decode("utf-8", "replace")
        suffix = "/" + said.rpartition("/")[2]
    place = RecordPlace(str(file.path), (begin, size), image.spans[0])
    found = label.numbers[0] if label.numbers else None
    return FoundImage(f"{file.name}/{number:08}{suffix}", place, found)


def _class_names(beside: Neighbours) -> ClassNames | None:
    """The class names that tensorflow-datasets writes for the feature ``label``."""
    name = "label.labels.txt"
    return read_label_names(beside.path(name)) if name in beside.names else None


def _unlike_info(beside: Neighbours, split: str, counts: dict[str, int]) -> list[str]:
    """Where the numbers of records are not those in ``dataset_info.json``, if that is there."""
    if INFO not in beside.names:
        return []
    path = beside.path(INFO)
    try:
        splits = json_object(read_file(path, MAX_INFO), path).get("splits")
        said = [s for s in splits or [] if s.get("name") == split]
        lengths = [int(length) for s in said for length in s.get("shardLengths", [])]
    except (FormatError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"{path}: not what tensorflow-datasets writes: {error}") from None
    lines = []
    for name, records in counts.items():
        found = re.search(r"-([0-9]{5,9})-of-[0-9]{5,9}$", name)
        number = int(found.group(1)) if found else 0
        if lengths and (number >= len(lengths) or records != lengths[number]):
            length = lengths[number] if number < len(lengths) else 0
            lines.append(f"{name}: has {count(records, 'record')}, where {INFO} says {length}")
    return lines
