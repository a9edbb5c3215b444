"""An open file in which every access is checked against the file's size first.

Structure and values are read in bounded parts, so a file that somebody cuts short meanwhile raises
an error. Touching a mapped page that is gone would kill the process instead (SIGBUS): the file is
mapped only for callers that ask for a whole array (``Tensor.array``).
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from struct import Struct
from typing import Any

from convert.formats.regular import digest, open_regular
from mappings.errors import FormatError

HEAD = 4096  # bytes by which a file is recognised
PART = 1 << 16  # bytes read at a time

Identity = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class MappedFile:
    """A regular file, open for reading as long as an array or a tensor refers to it.

    ``identity`` is its device, inode, size, and times of modification and change when it was
    opened.
    """

    path: Path
    handle: int = field(repr=False)
    identity: Identity = field(repr=False)

    @classmethod
    def open(cls, path: str | PathLike[str]) -> MappedFile:
        """Raises FormatError unless the path is a readable regular file of at least one byte."""
        path = Path(path)
        with open_regular(path) as stream:
            identity = _identity(stream.fileno())
            if identity[2] == 0:
                raise FormatError(path, "the file is empty (0 bytes); fetch it again")
            handle = os.dup(stream.fileno())
        return cls._closing(path, handle, identity)

    @classmethod
    def of(cls, handle: int, path: Path) -> MappedFile:
        """An open regular file as it is now, from its descriptor, which is duplicated. ``path`` is
        what messages call it. Raises FormatError if it is empty."""
        identity = _identity(handle)
        if identity[2] == 0:
            raise FormatError(path, "the file is empty (0 bytes); fetch it again")
        return cls._closing(path, os.dup(handle), identity)

    @classmethod
    def _closing(cls, path: Path, handle: int, identity: Identity) -> MappedFile:
        file = cls(path, handle, identity)
        weakref.finalize(file, os.close, handle)
        return file

    @property
    def size(self) -> int:
        """Its size in bytes when it was opened."""
        return self.identity[2]

    @cached_property
    def head(self) -> bytes:
        return self.read(0, HEAD)

    def read(self, begin: int, end: int) -> bytes:
        """The bytes from ``begin`` to ``end``, or to the end of the file if that comes first.

        Raises FormatError if the file was cut short since it was opened.
        """
        data = bytearray(max(min(end, self.size) - begin, 0))
        self.read_into(data, begin)
        return bytes(data)

    def read_into(self, target: Any, offset: int) -> None:
        """Fill a buffer with the bytes at ``offset``. Raises FormatError as ``read`` does."""
        left = memoryview(target)
        if not left.nbytes:
            return
        left = left.cast("B")
        while left:
            try:
                count = os.preadv(self.handle, [left], offset)
            except OSError as error:
                what = f"the file cannot be read ({error.strerror}); copy it to another disk"
                raise self.error(what, offset) from error
            if not count:
                raise self.changed()
            left, offset = left[count:], offset + count

    def unpack(self, kind: Struct, offset: int) -> tuple[Any, ...]:
        """The fields of a structure. Raises FormatError as ``read`` does."""
        data = bytearray(kind.size)
        self.read_into(data, offset)
        return kind.unpack(data)

    def stream(self, offset: int = 0) -> io.BufferedReader:
        """The file as a stream with its own position, starting at ``offset``."""
        stream = Buffered(self)
        stream.seek(offset)
        return stream

    @cached_property
    def map(self) -> mmap.mmap:
        """The whole file, mapped. Raises FormatError if it changed since it was opened."""
        self.require_unchanged()
        try:
            return mmap.mmap(self.handle, self.size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            what = f"the file cannot be mapped ({getattr(error, 'strerror', None) or error})"
            raise self.error(f"{what}; copy it to a local disk") from error

    def sha256(self) -> str:
        """The sha256 of the file that was opened, in hex. Raises FormatError as ``read`` does."""
        return digest(self.stream())

    def parts(self, begin: int, end: int) -> Iterator[memoryview]:
        """The bytes from ``begin`` to ``end`` in parts, each valid until the next one is asked for.

        Raises FormatError as ``read`` does.
        """
        whole = memoryview(bytearray(min(PART, end - begin)))
        for at in range(begin, end, PART):
            part = whole[: end - at]
            self.read_into(part, at)
            yield part

    def require_unchanged(self) -> None:
        """Raise FormatError if the file was written to since it was opened."""
        if _identity(self.handle) != self.identity:
            raise self.changed()

    def changed(self) -> FormatError:
        return self.error("the file changed while it was read; try again when it is complete")

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


class _Stream(io.RawIOBase):
    """Reads a file with its own position, which other readers of the file do not move."""

    def __init__(self, file: MappedFile) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size}[whence]
        if origin + offset < 0:
            raise OSError(errno.EINVAL, "a position before the beginning of the file")
        self._at = origin + offset
        return self._at

    def readinto(self, target: Any) -> int:
        count = max(min(len(target), self._file.size - self._at), 0)
        self._file.read_into(memoryview(target)[:count], self._at)
        self._at += count
        return count


class Buffered(io.BufferedReader):
    """The file as a stream that never allocates more bytes than the file has."""

    def __init__(self, file: MappedFile) -> None:
        super().__init__(_Stream(file), PART)
        self._size = file.size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size if size is None else min(size, self._size))


def _identity(handle: int) -> Identity:
    found = os.fstat(handle)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
