"""Shards of samples, as MosaicML's streaming and LitData write them.

Both write the number of samples, the offset of each sample and the end of the last one, all as
uint32; then the samples. A sample begins with the size of each column that has no fixed size, also
uint32; the columns follow (streaming/base/format/mds/writer.py, encode_joint_shard and
encode_sample; litdata/streaming/writer.py, _create_chunk, and item_loader.py, PyTreeLoader).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from convert.formats.json_text import json_object
from mappings.errors import DatasetError, FormatError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames, relabelled
from verify.datasets.labelled_images import FoundImage, LabelledImages, Location, count, some
from verify.datasets.sample_columns import Chosen, Column, choose
from verify.datasets.split_files import SplitFile, evaluated_split
from verify.datasets.storage import Neighbours, Read, name_of, neighbours, opened, read_file
from verify.datasets.unpacked_shards import MAX_UNPACKED, UnpackedPlace, unpacked

INDEX = "index.json"
MAX_INDEX = 1 << 26
MOST_SAMPLES = 10_000_000
LONGEST_NAME = 4096
SPAN = tuple[int, int]


@dataclass(frozen=True)
class Shard:
    """A shard that an index lists.

    ``name``: that of the file, unpacked; ``size``: its bytes, None if the index does not say;
    ``packed``: the bytes that it unpacks to at most, None if it is not packed.
    """

    path: str
    name: str
    samples: int
    columns: tuple[Column, ...]
    size: int | None = None
    packed: int | None = None


ReadIndex = Callable[[str, Neighbours, dict[str, Any]], Iterable[Shard]]
"""The shards of an index: its path, the files beside it, and what it holds."""


def read_sample_shards(
    title: str,
    listed: ReadIndex,
    is_shard: Callable[[str], bool],
    path: str,
    files: Sequence[SplitFile],
    expected: Expectation,
    names: ClassNames | None,
) -> LabelledImages:
    """The images of the shards that indexes list, in the order of shards and samples.

    ``files``: the indexes; ``names``: those of the classes that the user gives. Raises DatasetError
    for files that are damaged or hold other columns, and for labels in an unknown order.
    """
    split, chosen = evaluated_split(path, files)
    images: list[FoundImage] = []
    found: list[str] = []
    for file in chosen:
        index, beside = str(file.path), neighbours(file.path)
        shards = list(listed(index, beside, _read_index(index)))
        paths = [name_of(shard.path) for shard in shards]
        if len({shard.name for shard in shards}) < len(shards):
            raise DatasetError(f"{file.path}: lists a shard twice: every image counts once")
        for shard in shards:
            if name_of(shard.path) in beside.names:
                images += list_samples(file, shard)
        if gone := [name for name in paths if name not in beside.names]:
            verb = "is" if len(gone) == 1 else "are"
            found.append(
                f"{len(gone)} of {count(len(shards), 'shard')} {verb} missing: {some(gone)}"
            )
        known = {*paths, *(shard.name for shard in shards)}
        if more := [name for name in sorted(beside.names - known) if is_shard(name)]:
            found.append(
                f"{count(len(more), 'shard')} that {file.name} does not list, left out: "
                f"{some(more)}"
            )
    images = relabelled(path, expected, images, names)
    kind = f"{title}, split {split}" if split else title
    return LabelledImages.of(path, kind, expected, images, found)


def _read_index(path: str) -> dict[str, Any]:
    try:
        return json_object(read_file(path, MAX_INDEX), path)
    except FormatError as error:
        raise DatasetError(f"{error}: copy it again") from None


def file_name(index: str, name: Any) -> str:
    """The name of a shard beside its index. Raises DatasetError for a path to elsewhere."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise DatasetError(
            f"{index}: lists {str(name)[:80]!r}: expected the name of a file beside it: give the "
            "folder of each index.json by itself"
        )
    return name


def counts(index: str, name: str, samples: Any, size: Any) -> tuple[int, int]:
    """A shard's samples and bytes. Raises DatasetError unless both are counts."""
    for number in (samples, size):
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise DatasetError(
                f"{index}: {name}: expected counts of samples and bytes: copy it again"
            )
    return samples, size


def list_samples(index: SplitFile, shard: Shard) -> Iterator[FoundImage]:
    """The image of each sample; of raw shards, only what describes the image is read."""
    chosen = choose(index.path, shard.columns)
    folder = index.name.rpartition("/")[0]
    above = f"{folder}/{shard.name}" if folder else shard.name
    with _opened(shard) as (read, total):
        if shard.size is not None and total != shard.size:
            raise DatasetError(
                f"{shard.path}: has {total} bytes, where {index.name} says {shard.size}: copy it "
                "again"
            )
        for number, (begin, end) in enumerate(pairwise(_offsets(shard, read, total))):
            spans = _spans(shard, read, begin, end)
            label = read(*spans[chosen.label])
            if len(label) != chosen.number.size:
                raise DatasetError(
                    f"{shard.path}: byte {begin}: a label of {len(label)} bytes, expected "
                    f"{chosen.number.size}: copy the file again"
                )
            place = (
                Location(shard.path, (spans[chosen.image],))
                if shard.packed is None
                else UnpackedPlace(shard.path, spans[chosen.image], shard.packed)
            )
            name = f"{above}/{number:08}{_suffix(chosen, spans, read)}"
            yield FoundImage(name, place, chosen.number.unpack(label)[0])


@contextmanager
def _opened(shard: Shard) -> Iterator[tuple[Read, int]]:
    """What reads a span of a shard, and the shard's size."""
    if shard.packed is not None:
        if shard.packed > MAX_UNPACKED:
            raise DatasetError(
                f"{shard.path}: unpacks to {shard.packed} bytes, expected at most {MAX_UNPACKED}: "
                "unpack it first, or write smaller shards"
            )
        data = unpacked(shard.path, shard.packed)
        yield (lambda offset, size: bytes(data[offset : offset + size])), len(data)
        return
    with opened(shard.path) as found:
        yield found


def _offsets(shard: Shard, read: Read, total: int) -> tuple[int, ...]:
    """Where the samples begin, and the end of the last."""
    path, samples = shard.path, shard.samples
    if samples > MOST_SAMPLES:
        raise DatasetError(f"{path}: {samples} samples, expected at most {MOST_SAMPLES}")
    start = 4 * (samples + 2)
    if total < start or (held := struct.unpack("<I", read(0, 4))[0]) != samples:
        has = f"holds {held} samples" if total >= start else f"has only {total} bytes"
        raise DatasetError(
            f"{path}: {has}, where {INDEX} says {count(samples, 'sample')}: copy it again"
        )
    offsets = struct.unpack(f"<{samples + 1}I", read(4, start - 4))
    if offsets[0] < start or offsets[-1] != total or any(a > b for a, b in pairwise(offsets)):
        raise DatasetError(
            f"{path}: its samples are not one after the other up to the end of the {total} bytes: "
            "copy it again"
        )
    return offsets


def _spans(shard: Shard, read: Read, begin: int, end: int) -> list[SPAN]:
    """Where each column of a sample is."""
    loose = sum(column.size is None for column in shard.columns)
    offset = begin + 4 * loose
    if offset <= end:
        sizes = iter(struct.unpack(f"<{loose}I", read(begin, 4 * loose)))
        spans = []
        for column in shard.columns:
            size = next(sizes) if column.size is None else column.size
            spans.append((offset, size))
            offset += size
        if offset == end:
            return spans
    raise DatasetError(
        f"{shard.path}: byte {begin}: a sample of {end - begin} bytes, whose columns take "
        f"{offset - begin}: copy the file again"
    )


def _suffix(chosen: Chosen, spans: Sequence[SPAN], read: Read) -> str:
    """The end of an image's id: the name of its file, if the sample has one."""
    if chosen.name is None or not 0 < spans[chosen.name][1] <= LONGEST_NAME:
        return ""
    return "/" + read(*spans[chosen.name]).decode("utf-8", "replace").rpartition("/")[2]
