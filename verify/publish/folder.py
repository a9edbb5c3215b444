"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from verify.publish.errors import PublishError


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``target`` when the block ends well; else nothing is kept.

    It has the target's own name already, in a hidden folder beside it. Raises PublishError where
    the target is there and not an empty folder.
    """
    check_free(target)
    hidden = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.partial-"))
    staged = hidden / target.name
    try:
        staged.mkdir()
        yield staged
        for parent, _, names in os.walk(staged, topdown=False):
            for name in names:
                _sync(Path(parent, name))
            _sync(Path(parent))
        check_free(target)
        os.replace(staged, target)  # takes the place of an empty folder, and of no other
        _sync(target.parent)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def check_free(target: Path) -> None:
    """Demand that a folder can be made at ``target``. Raises PublishError."""
    if not target.parent.is_dir():
        raise PublishError(f"{target}: the folder {target.parent} does not exist: create it")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise PublishError(f"{target}: is no folder: name one that does not exist yet")
    if target.is_dir() and any(target.iterdir()):
        raise PublishError(
            f"{target}: already exists and is not empty: name another folder, or remove it"
        )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
