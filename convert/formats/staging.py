"""The staging folder beside a target, in which the target is written by one process at a time.

``.NAME.partial`` stands beside the target NAME. The name is fixed, so that the next run takes over
what a killed run left. A staging folder is a real folder of this user, which nobody else can enter,
held by a lock; a symbolic link of that name is never followed, and neither is one inside.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import WriteError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class Staging:
    """A claimed staging folder: descriptors of the folder around it and of itself, and the mode
    of the files in it when they are complete."""

    target: Path
    path: Path
    folder: int
    handle: int
    mode: int

    def move(self, name: str, new: str | None = None) -> None:
        """Rename ``name`` out of the staging folder."""
        os.rename(name, new or name, src_dir_fd=self.handle, dst_dir_fd=self.folder)


@contextmanager
def claimed(target: Path, waiting: bool = False) -> Iterator[Staging]:
    """The empty staging folder of ``target``, which is removed with its content afterwards.

    Raises WriteError if another process has it, unless ``waiting`` for that; if something else has
    its name; and if the disk is full while the block writes.
    """
    if "\0" in str(target):
        raise WriteError(f"{target}: a file name cannot hold the character NUL")
    path = _path_beside(target)
    folder = os.open(path.parent, FOLDER)
    try:
        handle = _claim(folder, path, target, waiting)
        try:
            _empty(handle)
            yield Staging(target, path, folder, handle, _mode(handle))
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            what = f"cannot be written: {error.strerror}; nothing was kept"
            raise WriteError(f"{target}: {what}") from error
        finally:
            with suppress(OSError):
                _empty(handle)
                os.rmdir(path.name, dir_fd=folder)
            os.close(handle)
    finally:
        os.close(folder)


def remove_leftover(target: Path) -> None:
    """Remove the staging folder that a killed writer of ``target`` left; a live one is waited for.

    Anything else of that name is left alone.
    """
    if os.path.lexists(_path_beside(target)):
        with suppress(WriteError), claimed(target, waiting=True):
            pass


def _path_beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _claim(folder: int, path: Path, target: Path, waiting: bool) -> int:
    """Make the staging folder and hold it alone until the returned descriptor is closed."""
    while True:
        made = True
        try:
            os.mkdir(path.name, 0o700, dir_fd=folder)
        except FileExistsError:
            made = False
        except OSError as error:  # which would name the staging folder alone
            raise OSError(error.errno, error.strerror, os.fspath(target)) from error
        try:
            handle = os.open(path.name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)
        except FileNotFoundError:
            continue  # the process that held it has just removed it
        except OSError as error:
            if made or error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EACCES):
                raise
            raise _in_the_way(target, path) from error
        try:
            found = os.fstat(handle)
            # Some file systems give a new folder another owner: one made just now is ours.
            if not made and found.st_uid != os.geteuid():
                raise _in_the_way(target, path)
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waiting else fcntl.LOCK_NB))
            with suppress(FileNotFoundError):
                now = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
                if os.path.samestat(found, now):
                    if found.st_mode & 0o077:
                        os.fchmod(handle, found.st_mode & 0o7700)
                    return handle
        except BlockingIOError:
            os.close(handle)
            raise WriteError(
                f"{target}: another process is writing it; wait for it or choose another name"
            ) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _in_the_way(target: Path, path: Path) -> WriteError:
    return WriteError(
        f"{target}: the unfinished file is kept in {path}, and something else stands there "
        "(a link, a file, or a folder of another user): remove it, or choose another name"
    )


def _empty(folder: int) -> None:
    """Remove everything in a folder; of a link, only the link itself."""
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.name, dir_fd=folder)
            else:
                os.unlink(entry.name, dir_fd=folder)


def _mode(folder: int) -> int:
    """The mode that the kernel gives a new file, read from one that is made for this purpose."""
    handle = os.open("mode", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
    try:
        return os.fstat(handle).st_mode & 0o777
    finally:
        os.close(handle)
        os.unlink("mode", dir_fd=folder)
