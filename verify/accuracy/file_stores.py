"""The store of a ledger's files, by the place that a user names."""

from __future__ import annotations

from pathlib import Path

from verify.accuracy.file_store import FileStore, LocalFolder
from verify.accuracy.object_store import ObjectFolder
from verify.datasets.cloud import is_cloud


def store_of(place: Path | str) -> FileStore:
    """The store at a path or at an address."""
    return ObjectFolder(str(place).rstrip("/")) if is_cloud(place) else LocalFolder(Path(place))
