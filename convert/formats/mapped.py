"""A file mapped into memory, in which nothing is reached before the file is known to hold it."""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from convert.formats.regular import open_regular
from mappings.errors import FormatError

HEAD = 4096  # bytes that decide what a file is


@dataclass(frozen=True)
class MappedFile:
    """A regular file, read-only; ``buffer`` stays mapped as long as an array looks into it."""

    path: Path
    buffer: mmap.mmap = field(repr=False)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> MappedFile:
        """Raises FormatError where there is no regular file with at least one byte to read."""
        path = Path(path)
        with open_regular(path) as stream:
            if os.fstat(stream.fileno()).st_size == 0:
                raise FormatError(path, "the file is empty (0 bytes); fetch it again")
            try:
                return cls(path, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
            except (OSError, ValueError) as error:
                what = f"the file cannot be mapped ({getattr(error, 'strerror', None) or error})"
                raise FormatError(path, f"{what}; copy it to a local disk") from error

    @property
    def size(self) -> int:
        return len(self.buffer)

    @property
    def head(self) -> bytes:
        return self.buffer[:HEAD]

    def require(self, what: str, offset: int, size: int, array: str | None) -> None:
        """Raise FormatError unless the file holds ``size`` bytes for ``what`` at ``offset``."""
        left = max(self.size - offset, 0)
        if size > left:
            what = f"{what} needs {size} bytes and only {left} are left"
            raise self.damaged(what, offset, array)

    def damaged(self, what: str, offset: int, array: str | None = None) -> FormatError:
        what = f"{what}; the file is damaged or cut short: fetch it again"
        return self.error(what, offset, array)

    def error(self, what: str, offset: int | None = None, array: str | None = None) -> FormatError:
        return FormatError(self.path, what, offset=offset, array=array)
