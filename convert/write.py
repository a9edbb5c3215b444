"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mappings.errors import ConversionError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def appearing(*targets: Path, replacing: bool = True) -> Iterator[tuple[Path, ...]]:
    """Paths to write at, which become ``targets`` (all in one folder) when the block ends well.

    They stand in a staging folder beside the last target, are synced, and renamed in the order
    given, the last being the one that counts. On any failure the staging folder is removed; a run
    that was killed leaves it behind under the one name that the next run takes over and empties.
    Raises ConversionError while another process is writing the same target, where the disk has no
    room, and unless ``replacing`` where the last target exists by then.
    """
    target = targets[-1]
    staging = target.with_name(f".{target.name}.partial")
    handle = _claim(staging, target)
    staged = tuple(staging / path.name for path in targets)
    try:
        _empty(staging)
        yield staged
        for path in staged:
            sync(path)
        if not replacing and target.exists():
            raise ConversionError(f"{target}: already exists: --force replaces it")
        for path, final in zip(staged, targets, strict=True):
            os.replace(path, final)
        sync(target.parent)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise ConversionError(
            f"{target}: cannot be written: {error.strerror}; nothing was kept"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _claim(staging: Path, target: Path) -> int | None:
    """Create the staging folder and hold it alone until the returned handle is closed."""
    while True:
        staging.mkdir(exist_ok=True)
        if sys.platform == "win32":
            return None
        import fcntl

        try:
            handle = os.open(staging, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(staging)):
                return handle
        except BlockingIOError:
            os.close(handle)
            raise ConversionError(
                f"{target}: another process is writing it; wait for it or choose another name"
            ) from None
        except FileNotFoundError:
            pass  # its last holder has just removed it
        os.close(handle)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
