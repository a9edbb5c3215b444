"""The folder of a ledger, on a disk or in an object storage."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convert.formats.appearing import appearing
from convert.formats.regular import open_regular, read_bytes
from convert.formats.staging import remove_leftover
from mappings.errors import FormatError


class FileStore(Protocol):
    """A folder of files that appear whole or not at all.

    Its methods raise FormatError for a file that cannot be read, OSError for one that cannot be
    written, and FileNotFoundError where there is none.
    """

    @property
    def folder(self) -> Path | str:
        """Where it is, for people."""

    def make(self) -> None:
        """Make the folder if it is missing."""

    def names(self) -> set[str]:
        """The names of its files."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    def path(self, name: str) -> Path | str:
        """Where a file is, for people."""

    def read(self, name: str, most: int) -> bytes:
        """The content of a file of at most ``most`` bytes."""

    def part(self, name: str, offset: int, size: int) -> bytes:
        """A part of a file; fewer bytes if the file ends before."""

    def write(self, name: str, texts: Iterable[str]) -> None:
        """Write texts as one file in UTF-8, and wait until it is kept."""

    def begin(self, name: str, text: str) -> bool:
        """Write a file; False if a store that can tell has one already, which stays."""

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    def leftovers(self) -> list[str]:
        """The names of files that killed writers began."""

    def remove_leftover(self, name: str) -> None:
        """Remove what a killed writer of a file left; a live one is waited for."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder on this machine."""

    folder: Path

    def make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def names(self) -> set[str]:
        return set(os.listdir(self.folder))

    def exists(self, name: str) -> bool:
        return os.path.lexists(self.folder / name)

    def path(self, name: str) -> Path:
        return self.folder / name

    def read(self, name: str, most: int) -> bytes:
        if not self.exists(name):
            raise FileNotFoundError(name)
        return read_bytes(self.folder / name, most)

    def part(self, name: str, offset: int, size: int) -> bytes:
        with open_regular(self.folder / name) as file:
            try:
                return os.pread(file.fileno(), size, offset)
            except OSError as error:
                what = f"the file cannot be read ({error.strerror})"
                raise FormatError(self.folder / name, what) from error

    def write(self, name: str, texts: Iterable[str]) -> None:
        with appearing(self.folder / name, waiting=True) as (partial,):
            with open(partial, "w", encoding="utf-8", newline="") as file:
                file.writelines(texts)

    def begin(self, name: str, text: str) -> bool:
        self.write(name, [text])
        return True

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.folder / name).unlink()

    def leftovers(self) -> list[str]:
        begin, end = ".", ".partial"
        names = (name for name in self.names() if name.startswith(begin) and name.endswith(end))
        return sorted(name[len(begin) : -len(end)] for name in names)

    def remove_leftover(self, name: str) -> None:
        remove_leftover(self.folder / name)
