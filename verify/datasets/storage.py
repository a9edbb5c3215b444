"""Where the files of data sets are, on a disk or in an object storage, and how they are read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from convert.formats.regular import open_regular, read_bytes
from mappings.errors import DatasetError, FormatError
from verify.datasets.cloud import Window, info_of, is_cloud, names_in, read_whole, trouble

Read = Callable[[int, int], bytes]
"""What reads ``size`` bytes at ``offset``: fewer where the file ends."""


def name_of(path: Path | str) -> str:
    """The last part of a path or an address."""
    return str(path).rpartition("/")[2]


@dataclass(frozen=True)
class Neighbours:
    """The folder of a file, and the names of all files in it."""

    folder: str
    names: frozenset[str]

    def path(self, name: str) -> str:
        if is_cloud(self.folder):
            return f"{self.folder}/{name}"
        return str(Path(self.folder) / name)


def neighbours(path: Path | str) -> Neighbours:
    """The files beside a file. Raises DatasetError if they cannot be listed."""
    if not is_cloud(path):
        folder = Path(path).parent
        try:
            return Neighbours(str(folder), frozenset(os.listdir(folder)))
        except OSError as error:
            raise DatasetError(f"{folder}: cannot be listed: {error.strerror}") from None
    url = str(path).rpartition("/")[0]
    with _reported(url):
        return Neighbours(url, frozenset(names_in(url)))


@contextmanager
def opened(path: Path | str) -> Iterator[tuple[Read, int]]:
    """What reads parts of a file, best in their order, and the file's size.

    Raises DatasetError for what is no file, and for what an object storage answers instead.
    """
    with _reported(path):
        if is_cloud(path):
            window = Window(str(path))
            yield window.read, window.size
            return
        with open_regular(path) as file:
            handle = file.fileno()
            size = os.fstat(handle).st_size
            yield (lambda offset, size: os.pread(handle, size, offset)), size


def read_file(path: Path | str, most: int) -> bytes:
    """A file of at most ``most`` bytes. Raises FormatError for a larger one, and for no file."""
    if not is_cloud(path):
        return read_bytes(path, most)
    try:
        return read_whole(str(path), most)
    except FileNotFoundError as error:
        raise trouble(str(path), error) from None


@contextmanager
def _reported(path: Path | str) -> Iterator[None]:
    """Turn what cannot be read into a DatasetError."""
    try:
        yield
    except FileNotFoundError as error:
        if not is_cloud(path):
            raise
        raise DatasetError(str(trouble(str(path), error))) from None
    except FormatError as error:
        raise DatasetError(str(error)) from None


def version_of(path: str) -> tuple[object, ...]:
    """What changes with any change of a file. Raises DatasetError if there is no such file."""
    if is_cloud(path):
        with _reported(path):
            return info_of(path)
    try:
        found = os.stat(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror}") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
