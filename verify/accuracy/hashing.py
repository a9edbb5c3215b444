"""The manifest of a data set: all ranks together hash every image."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from convert.formats.appearing import write_text
from convert.formats.json_text import parse_json
from convert.formats.regular import read_bytes
from mappings.errors import AccuracyError, DatasetError
from verify.accuracy.manifest import HashedImage, Manifest
from verify.accuracy.ranks import Ranks
from verify.datasets import LabelledImages


def make_manifest(
    dataset: LabelledImages,
    positions: Sequence[int],
    ranks: Ranks,
    workers: int,
    cache: Path | None,
) -> Manifest:
    """The manifest of the images at ``positions``; ``cache`` keeps the hashes of unchanged files.

    Raises AccuracyError if ranks see different data sets.
    """
    entries = [dataset.entries[position] for position in positions]
    listed = hashlib.sha256(repr(entries).encode("utf-8", "surrogateescape")).hexdigest()
    memory = Hashes(cache, dataset) if cache else None
    kept = memory.load() if memory else {}
    mine = positions[ranks.rank :: ranks.world]
    unknown = [position for position in mine if dataset.entries[position].id not in kept]
    fresh = iter(hash_images(dataset, unknown, workers))
    ids = [dataset.entries[position].id for position in mine]
    known = {name: kept[name] if name in kept else next(fresh) for name in ids}
    for rank, (other, part) in enumerate(ranks.everyones((listed, known))):
        if other != listed:
            raise AccuracyError(
                f"{dataset.path}: rank {rank} sees other images there than rank {ranks.rank}"
            )
        known |= part
    if memory and ranks.local_rank == 0 and not known.keys() <= kept.keys():
        memory.save(kept | known)
    return Manifest(tuple(HashedImage(e.id, known[e.id], e.label, e.size) for e in entries))


def hash_images(dataset: LabelledImages, positions: Sequence[int], workers: int) -> list[str]:
    """The sha256 of each image at ``positions``, in that order."""

    def digest(position: int) -> str:
        return hashlib.sha256(dataset.read(position)).hexdigest()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(digest, positions))


MAX_HASHES = 1 << 28
"""Bytes of a file of remembered hashes: more than two million images."""
SHA256 = re.compile("[0-9a-f]{64}")


class Hashes:
    """Hashes of a data set's images, remembered until a file that holds one changes."""

    def __init__(self, folder: Path, dataset: LabelledImages) -> None:
        self.file = folder / "hashes" / f"{fingerprint(dataset)}.json"

    def load(self) -> dict[str, str]:
        """The hash of each image id; empty if nothing is remembered, or if the file is damaged.

        Raises FormatError if the file is not a regular file.
        """
        if not os.path.lexists(self.file):
            return {}
        try:
            kept = parse_json(read_bytes(self.file, MAX_HASHES).decode())
        except ValueError:
            return {}
        hashes = kept.values() if isinstance(kept, dict) else [None]
        right = all(isinstance(text, str) and SHA256.fullmatch(text) for text in hashes)
        return kept if right else {}

    def save(self, hashes: dict[str, str]) -> None:
        """Remember the hashes by image id."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.file, json.dumps(hashes))


def fingerprint(dataset: LabelledImages) -> str:
    """A hash of what a data set reads: each image's id, its location in a file, and the file.

    A file is identified by its device, inode, size and times; a link is followed. A change of any
    byte changes the time of change (ctime), which no program can set back.
    Raises DatasetError for a file that no longer exists.
    """
    files: dict[str, tuple[int, ...]] = {}
    digest = hashlib.sha256()
    for entry, location in zip(dataset.entries, dataset.locations, strict=True):
        if location.path not in files:
            files[location.path] = _identity(location.path)
        known = (entry.id, location.spans, location.between, files[location.path])
        digest.update(repr(known).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _identity(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
