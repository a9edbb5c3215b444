"""A run's ledger if none is named: runs of the same identity share it, the last removes it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

LOCK = ".lock"


class Hold:
    """A process's share in a folder: nobody removes the folder while a live process has a share.

    It is a shared ``flock`` on a file in the folder. The lock ends with the process, even a killed
    one, whose folder stays, and the same command continues in it. If the file system has no locks,
    the folder is never removed.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder if it is missing, and take a share in it."""
        self.folder = folder
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / LOCK
            try:
                self._lock = os.open(
                    path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
                )
            except FileNotFoundError:
                continue  # another run has just removed the folder
            try:
                fcntl.flock(self._lock, fcntl.LOCK_SH)
                self._locked = True
            except OSError:
                self._locked = False
                return
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(self._lock)):
                    return
            os.close(self._lock)

    def release(self) -> None:
        """Give up the share; the folder stays."""
        os.close(self._lock)

    def remove_if_last(self) -> None:
        """Remove the folder unless another process has a share in it; that process then does."""
        if not self._locked:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # other runs have ledgers there
            self.folder.parent.rmdir()


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[Hold]:
    """A share in a folder for as long as the block lasts."""
    hold = Hold(folder)
    try:
        yield hold
    finally:
        hold.release()
