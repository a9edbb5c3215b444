"""The manifest of a data set: all ranks together hash every image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from convert.formats.appearing import appearing
from convert.formats.regular import open_regular
from mappings.errors import AccuracyError
from verify.accuracy.manifest import RECORD, HashedEntries, Manifest, record_of
from verify.accuracy.ranks import Ranks
from verify.datasets import Entry, LabelledImages
from verify.datasets.storage import version_of

AT_ONCE = 4096
"""Images that are handed to the threads at once."""
UNKNOWN = bytes(RECORD)


def make_manifest(
    dataset: LabelledImages,
    positions: Sequence[int],
    ranks: Ranks,
    workers: int,
    cache: Path | None,
) -> Manifest:
    """The manifest of the images at ``positions``; ``cache`` keeps the hashes of unchanged files.

    Each rank hashes one stretch of them, so that it reads few files and each only once.
    Raises AccuracyError if ranks see different data sets.
    """
    entries = [dataset.entries[position] for position in positions]
    listed = _digest(entries)
    memory = Hashes(cache, dataset) if cache else None
    kept = memory.load() if memory else None
    begin, end = (len(entries) * rank // ranks.world for rank in (ranks.rank, ranks.rank + 1))
    mine = positions[begin:end]
    known = [UNKNOWN if kept is None else _at(kept, position) for position in mine]
    unknown = [place for place, record in zip(mine, known, strict=True) if record == UNKNOWN]
    fresh = hash_images(dataset, unknown, workers)
    part = b"".join(next(fresh) if record == UNKNOWN else record for record in known)
    records = bytearray()
    for rank, (other, found) in enumerate(ranks.everyones((listed, part))):
        if other != listed:
            raise AccuracyError(
                f"{dataset.path}: rank {rank} sees other images there than rank {ranks.rank}"
            )
        records += found
    if memory and ranks.local_rank == 0:
        memory.save(positions, records, kept)
    return Manifest(HashedEntries(entries, bytes(records)))


def _digest(entries: Iterable[Entry]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(repr((entry.id, entry.label, entry.size)).encode())
    return digest.hexdigest()


def _at(records: bytes | bytearray, position: int) -> bytes:
    return bytes(records[RECORD * position : RECORD * (position + 1)])


def hash_images(dataset: LabelledImages, positions: Sequence[int], workers: int) -> Iterator[bytes]:
    """The record of each image at ``positions``, in that order."""

    def record(position: int) -> bytes:
        return record_of(dataset.read(position))

    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(positions), AT_ONCE):
            yield from pool.map(record, positions[first : first + AT_ONCE])


class Hashes:
    """Hashes and sizes of a data set's images, remembered until a file that holds one changes.

    The file has a record for each image of the data set, of zeros for one that was never read, and
    at its end the sha256 of them all.
    """

    def __init__(self, folder: Path, dataset: LabelledImages) -> None:
        self.file = folder / "hashes" / f"{fingerprint(dataset)}.sha256"
        self.images = len(dataset)

    def load(self) -> bytes | None:
        """The records; None if nothing is remembered, or if the file is damaged.

        Raises FormatError if the file is not a regular file.
        """
        if not os.path.lexists(self.file):
            return None
        size = RECORD * self.images
        with open_regular(self.file) as file:
            if os.fstat(file.fileno()).st_size != size + 32:
                return None
            data = file.readall()
        records = data[:size]
        return records if hashlib.sha256(records).digest() == data[size:] else None

    def save(
        self, positions: Sequence[int], records: bytes | bytearray, kept: bytes | None
    ) -> None:
        """Remember the records of the images at ``positions``, beside those that are ``kept``."""
        if kept is not None and all(_at(kept, position) != UNKNOWN for position in positions):
            return
        table = bytearray(RECORD * self.images if kept is None else kept)
        for k, position in enumerate(positions):
            table[RECORD * position : RECORD * (position + 1)] = _at(records, k)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with appearing(self.file, waiting=True) as (partial,):
            partial.write_bytes(table + hashlib.sha256(table).digest())


def fingerprint(dataset: LabelledImages) -> str:
    """A hash of what a data set reads: each image's id, its place in a file, and the file.

    A file is identified by its device, inode, size and times; a link is followed. A change of any
    byte changes the time of change (ctime), which no program can set back.
    Raises DatasetError for a file that no longer exists.
    """
    files: dict[str, tuple[object, ...]] = {}
    digest = hashlib.sha256()
    for entry, place in zip(dataset.entries, dataset.locations, strict=True):
        if place.path not in files:
            files[place.path] = version_of(place.path)
        known = (entry.id, *place.where, files[place.path])
        digest.update(repr(known).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
