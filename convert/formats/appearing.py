"""Files and folders that appear whole or not at all.

What is being written stands in a staging folder beside its target, and is renamed into place when
it is complete and on disk. Files get the mode that the kernel gives a new file: 0666 less the
umask.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convert.formats.staging import Staging, claimed
from mappings.errors import WriteError

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def appearing(
    *targets: Path, replacing: bool = True, waiting: bool = False
) -> Iterator[tuple[Path, ...]]:
    """Paths to write to, which become ``targets`` (all in one folder) if the block succeeds.

    They are renamed in the order given. On any failure nothing new is left, and what stood there
    before is unchanged.

    Raises WriteError if the last target exists at the end, unless ``replacing``; if another process
    is writing it, unless ``waiting`` for that; if the disk is full; and if something else has the
    name of the staging folder.
    """
    with claimed(targets[-1], waiting) as staging:
        yield tuple(staging.path / target.name for target in targets)
        for target in targets:
            _complete(target.name, staging.handle, staging.mode)
        _place(staging, [target.name for target in targets], replacing)


@contextmanager
def appearing_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``target`` if the block succeeds; otherwise nothing is left.

    It has the target's own name already. Raises WriteError as ``appearing`` does, and if anything
    but an empty folder stands at ``target``.
    """
    check_free(target)
    with claimed(target) as staging:
        staged = staging.path / target.name
        staged.mkdir()
        yield staged
        for _, _, names, handle in os.fwalk(target.name, topdown=False, dir_fd=staging.handle):
            for name in names:
                _complete(name, handle, staging.mode)
            os.fsync(handle)
        check_free(target)
        # A rename takes the place of an empty folder and of nothing else.
        staging.move(target.name)
        os.fsync(staging.folder)


def no_folder(path: Path) -> str:
    """Why nothing can be written into a folder: it is missing, or it is something else."""
    if os.path.lexists(path):
        return f"{path} is not a folder: name another place"
    return f"the folder {path} does not exist: create it"


def check_free(target: Path) -> None:
    """Demand that a folder can be made at ``target``. Raises WriteError."""
    if not target.parent.is_dir():
        raise WriteError(f"{target}: {no_folder(target.parent)}")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise WriteError(f"{target}: this is not a folder: name one that does not exist yet")
    if target.is_dir() and any(target.iterdir()):
        raise WriteError(
            f"{target}: already exists and is not empty: name another folder, or remove it"
        )


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all; wait first if another process is writing it."""
    with appearing(path, waiting=True) as (partial,):
        partial.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Wait until the content of a file is on disk, and drop the kernel's copy of it where possible:
    whoever reads the file next then reads the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
        if sys.platform == "linux":
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _complete(name: str, folder: int, mode: int) -> None:
    """Give a file its mode, whichever library wrote it, and wait until it is on disk."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def _place(staging: Staging, names: list[str], replacing: bool) -> None:
    """Move complete files to where they belong, all of them or none."""
    *others, last = names
    if replacing:
        for name in names:
            staging.move(name)
    else:
        for name in others:
            with suppress(FileNotFoundError):
                os.rename(name, f"old {name}", src_dir_fd=staging.folder, dst_dir_fd=staging.handle)
            staging.move(name)
        try:
            _place_new(staging, last)
        except OSError as error:
            for name in others:
                os.unlink(name, dir_fd=staging.folder)
                with suppress(FileNotFoundError):
                    staging.move(f"old {name}", name)
            if not isinstance(error, FileExistsError):
                raise
            what = "already exists: --force replaces it"
            raise WriteError(f"{staging.target}: {what}") from None
    os.fsync(staging.folder)


def _place_new(staging: Staging, name: str) -> None:
    """Place a file without replacing another. Raises FileExistsError."""
    where = {"src_dir_fd": staging.handle, "dst_dir_fd": staging.folder}
    try:
        # Unlike a rename, a hard link never takes the place of a file.
        os.link(name, name, **where, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=staging.folder, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        staging.move(name)
