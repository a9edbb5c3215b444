"""The manifest of a data set: every image hashed, by all ranks together."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from convert.formats.appearing import write_text
from verify.accuracy.errors import AccuracyError
from verify.accuracy.manifest import Image, Manifest
from verify.accuracy.ranks import Ranks
from verify.datasets import Dataset


def make_manifest(
    dataset: Dataset, positions: Sequence[int], ranks: Ranks, workers: int, cache: Path | None
) -> Manifest:
    """The images at ``positions``; hashes of files that have not changed come from ``cache``.

    Raises AccuracyError where ranks see different data sets.
    """
    entries = [dataset.entries[position] for position in positions]
    listed = hashlib.sha256(repr(entries).encode("utf-8", "surrogateescape")).hexdigest()
    memory = Hashes(cache, Path(dataset.path)) if cache else None
    known = memory.load() if memory else {}
    mine = [
        position
        for position in positions[ranks.rank :: ranks.world]
        if dataset.entries[position].id not in known
    ]
    hashed = {
        dataset.entries[position].id: digest
        for position, digest in zip(mine, hash_images(dataset, mine, workers), strict=True)
    }
    for rank, (other, part) in enumerate(ranks.everyones((listed, hashed))):
        if other != listed:
            raise AccuracyError(
                f"{dataset.path}: rank {rank} sees other images there than rank {ranks.rank}"
            )
        known |= part
    if memory and hashed and ranks.local_rank == 0:
        memory.save(known)
    return Manifest(tuple(Image(e.id, known[e.id], e.label, e.size) for e in entries))


def hash_images(dataset: Dataset, positions: Sequence[int], workers: int) -> list[str]:
    """sha256 of the images at ``positions``, in their order."""

    def digest(position: int) -> str:
        return hashlib.sha256(dataset.read(position)).hexdigest()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(digest, positions))


class Hashes:
    """Hashes of a data set's images, remembered while no file of it changes.

    The key is every file's name, size and time of change, so a data set seen before is not read.
    """

    def __init__(self, folder: Path, data: Path) -> None:
        self.file = folder / "hashes" / f"{_fingerprint(data)}.json"

    def load(self) -> dict[str, str]:
        """Hash by image path; empty where there is none."""
        try:
            kept = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def save(self, hashes: dict[str, str]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_text(self.file, json.dumps(hashes))


def _fingerprint(data: Path) -> str:
    files = [data] if data.is_file() else sorted(p for p in data.rglob("*") if p.is_file())
    digest = hashlib.sha256(os.fsencode(data.resolve()))
    for path in files:
        found = path.stat()
        digest.update(os.fsencode(path))
        digest.update(f"{found.st_size} {found.st_mtime_ns} {found.st_ino}\n".encode())
    return digest.hexdigest()
