"""MXNet RecordIO files: images and labels packed by ``tools/im2rec`` or ``mx.recordio``.

A part is the magic number and a word of flag (3 bits) and length (29 bits), both uint32
little-endian, then that many bytes, padded to a multiple of 4. A record is one part (flag 0), or
several (flags 1, 2 ..., 3) if its data hold the magic number, which is left out between the parts
(dmlc-core, include/dmlc/recordio.h). The data begin with an IRHeader: uint32 flag, float32 label,
two uint64 of id; a flag above 0 is the number of float32 labels that follow (mxnet/recordio.py).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convert.formats.regular import utf8
from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames, relabelled
from verify.datasets.labelled_images import FoundImage, LabelledImages, Location
from verify.datasets.storage import Read, name_of, neighbours, opened, read_file

MAGIC = struct.pack("<I", 0xCED7230A)
WORDS, HEADER = struct.Struct("<4sI"), struct.Struct("<IfQQ")
MAX_INDEX = 1 << 30
"""Bytes of an ``.idx``: about 20 for each record; ImageNet-21k has 14 million records."""
WHOLE, FIRST, MIDDLE, LAST = range(4)


@dataclass(frozen=True)
class RecordedImage:
    """One image: the offset of its record, its id, its label, and where its bytes are."""

    offset: int
    number: int
    label: int
    location: Location


def read_recordio(
    path: Path | str, expectation: Expectation, names: ClassNames | None = None
) -> LabelledImages:
    """The images of a ``.rec``, named by their ids, or by their order if all ids are the same.

    The labels are class indices, or numbers of the classes ``names``.

    Raises DatasetError for a damaged file, for an ``.idx`` of another file, for an id that occurs
    twice, and for labels that are not class indices.
    """
    found = list(records(path))
    check_index(path, {record.offset for record in found})
    distinct = len({record.number for record in found}) > 1
    numbers = (record.number if distinct else order for order, record in enumerate(found))
    images = [
        FoundImage(f"{number:08}", record.location, record.label)
        for number, record in zip(numbers, found, strict=True)
    ]
    images = relabelled(str(path), expectation, images, names, demanded=False)
    return LabelledImages.of(str(path), "MXNet RecordIO", expectation, images)


def records(path: Path | str) -> Iterator[RecordedImage]:
    """Every record of a file in order; only the headers are read."""
    with opened(path) as (read, size):
        position = 0
        if not size:
            raise DatasetError(f"{path}: the file is empty, expected MXNet RecordIO")
        while position < size:
            start, spans = position, list[tuple[int, int]]()
            while True:
                after = FIRST if spans else WHOLE
                flag, length = _part(path, read, size, position, after)
                spans.append((position + WORDS.size, length))
                position += WORDS.size + padded(length)
                if flag in (WHOLE, LAST):
                    break
            yield _record(path, read, start, spans)


def _part(path: Path | str, read: Read, size: int, position: int, after: int) -> tuple[int, int]:
    """Flag and length of the part at ``position``. ``after`` says whether it begins a record."""
    words = read(position, WORDS.size)
    if len(words) < WORDS.size:
        raise DatasetError(f"{path}: byte {position}: the file is cut short: copy it again")
    magic, word = WORDS.unpack(words)
    flag, length = word >> 29, word & (1 << 29) - 1
    if magic != MAGIC or flag not in ((WHOLE, FIRST) if after == WHOLE else (MIDDLE, LAST)):
        raise DatasetError(
            f"{path}: byte {position}: expected a record of MXNet RecordIO, found other data"
        )
    if position + WORDS.size + padded(length) > size:
        raise DatasetError(
            f"{path}: byte {position}: expected {length} bytes, but the file is cut short"
        )
    return flag, length


def padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _record(
    path: Path | str, read: Read, start: int, spans: list[tuple[int, int]]
) -> RecordedImage:
    whole = Location(str(path), tuple(spans), MAGIC)
    if whole.size < HEADER.size:
        raise DatasetError(f"{path}: byte {start}: {whole.size} bytes, too few for an image record")
    flag, label, low, high = HEADER.unpack(_head(read, whole, HEADER.size))
    if flag > 1:
        raise DatasetError(f"{path}: byte {start}: {flag} labels for one image, expected one class")
    if flag:
        if whole.size < HEADER.size + 4:
            raise DatasetError(f"{path}: byte {start}: its label is missing")
        (label,) = struct.unpack("<f", _head(read, whole, HEADER.size + 4)[-4:])
    if not label.is_integer():
        raise DatasetError(f"{path}: byte {start}: label {label}, expected a class index")
    location = Location(str(path), _without_head(whole, HEADER.size + 4 * flag), MAGIC)
    return RecordedImage(start, high << 64 | low, int(label), location)


def _head(read: Read, location: Location, size: int) -> bytes:
    """The first ``size`` bytes of a record, joined only as far as that."""
    parts = b""
    for offset, length in location.spans:
        parts += read(offset, min(length, size)) + location.between
        if len(parts) >= size + len(location.between):
            break
    if len(parts) < size:
        raise DatasetError(f"{location.path}: the file was cut short while it was read")
    return parts[:size]


def _without_head(location: Location, size: int) -> tuple[tuple[int, int], ...]:
    """The spans of a record after its first ``size`` bytes.

    Parts end at multiples of 4 bytes, and so does ``size``.
    """
    spans = list(location.spans)
    while spans[0][1] < size:
        size -= spans.pop(0)[1] + len(location.between)
    offset, length = spans[0]
    return ((offset + size, length - size), *spans[1:])


def check_index(path: Path | str, starts: set[int]) -> None:
    """Raise DatasetError if the ``.idx`` beside the file belongs to another file."""
    beside, name = neighbours(path), f"{name_of(path).removesuffix('.rec')}.idx"
    if name not in beside.names:
        return
    index = beside.path(name)
    try:
        lines = utf8(read_file(index, MAX_INDEX), index).splitlines()
        listed = {int(line.split("\t")[1]) for line in lines}
    except (ValueError, IndexError):
        raise DatasetError(f"{index}: expected lines of key, tab, offset") from None
    if listed != starts:
        raise DatasetError(
            f"{path}: has {len(starts)} records, but only {len(listed & starts)} of the "
            f"{len(listed)} that {name} lists: one of the two files is cut short or belongs "
            "to another set: copy both again, or remove the .idx to read the file as it is"
        )
