"""The bytes of an unfinished download, and the validator (ETag) of the file they belong to."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Only a strong validator promises the same bytes (RFC 9110, 8.8.3.2).
_STRONG_ETAG = re.compile(rb'"[\x21\x23-\x7e]*"')
LONGEST = 8192  # bytes of a validator: servers allow headers of this size


@dataclass(frozen=True)
class Partial:
    """``NAME.partial``, open for appending, and ``NAME.partial.etag``."""

    path: Path
    file: IO[bytes]
    etag: IO[bytes]

    def size(self) -> int:
        """The bytes so far."""
        self.file.flush()
        return os.fstat(self.file.fileno()).st_size

    def resumable(self) -> tuple[int, str]:
        """The size in bytes and the strong ETag, or (0, "") when there is nothing to resume."""
        etag = os.pread(self.etag.fileno(), LONGEST, 0)
        if self.size() and _STRONG_ETAG.fullmatch(etag):
            return self.size(), etag.decode("latin-1")
        return 0, ""

    def restart(self, etag: str = "") -> None:
        """Begin again, with the bytes of another representation."""
        self.file.truncate(0)  # first: bytes must never stand beside another's validator
        self.etag.truncate(0)
        self.etag.write(etag.encode("latin-1")[:LONGEST])
        self.etag.flush()

    def sync(self) -> None:
        """Wait until the bytes so far are on disk."""
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def opened(target: Path) -> Iterator[Partial]:
    """The partial download of ``target``, with what an earlier run left of it.

    It is kept if it has any bytes; the caller may rename it. Raises OSError if it cannot be
    written.
    """
    path = target.with_name(f"{target.name}.partial")
    etag = path.with_name(f"{path.name}.etag")
    with _own_file(path) as file, _own_file(etag) as validator:
        partial = Partial(path, file, validator)
        try:
            yield partial
        finally:
            if not path.exists() or not partial.size():
                path.unlink(missing_ok=True)
                etag.unlink(missing_ok=True)


def _own_file(path: Path) -> IO[bytes]:
    """A regular file of this user without other hard links, open for reading and appending.

    Anything else at that path is removed; of a link, only the link itself.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    while True:
        try:
            return os.fdopen(os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666), "a+b")
        except FileExistsError:
            pass
        try:
            # O_NONBLOCK: opening a pipe returns at once.
            handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.EACCES and stat.S_ISREG(path.lstat().st_mode):
                raise
        else:
            found = os.fstat(handle)
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
                return os.fdopen(handle, "a+b")
            os.close(handle)
        path.unlink(missing_ok=True)
