"""A lock between the processes that fill one cache."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convert.sources.download import warn
from mappings.errors import DownloadError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``; wait first if another process holds it.

    Raises DownloadError if ``path`` is not a regular file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    wrong = DownloadError(f"{path}: this is no regular file, and a lock must be one: remove it")
    try:
        handle = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise wrong from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise wrong
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            warn(f"waiting for another process that has locked {path}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
