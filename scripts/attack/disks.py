"""Full disks: a file system of a few bytes, and a limit on the size of files."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from click.testing import CliRunner

from gluonport.commands.main import main
from scripts.attack.kills import NAME
from scripts.attack.outcome import Outcome

SIZES = (4 << 10, 64 << 10, 256 << 10, 512 << 10, 1000 << 10)
"""Bytes of the file systems. The checkpoint has 1,044 KiB, and goes on none of them."""


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of its own. Raises OSError where it cannot be mounted."""
    (disk := folder / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        raise OSError(" ".join(done.stderr.split()))
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextlib.contextmanager
def small_files(folder: Path, size: int) -> Iterator[Path]:
    """A folder in which no file may be larger."""
    (place := folder / "disk").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield place
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


Small = Callable[[Path, int], contextlib.AbstractContextManager[Path]]


def wrong(words: list[str], small: Small, size: int, said: str) -> str:
    """What is wrong with how a command met a disk that is too small, or nothing. The last of
    ``words`` is a name on that disk."""
    with tempfile.TemporaryDirectory() as place, small(Path(place), size) as disk:
        found = _tried([*words[:-1], str(disk / words[-1])], disk, said)
        gc.collect()  # an error's traceback holds what its frames opened
    return f"{words[0]}, {size} bytes: {found}" if found else ""


def _tried(words: list[str], disk: Path, said: str) -> str:
    before = set(os.listdir(disk))
    done = CliRunner().invoke(main, words)
    if done.exit_code != 1 or done.stderr.count("\n") != 1 or said not in done.stderr:
        return f"exit {done.exit_code}, {done.stderr[:200]!r}"
    left = set(os.listdir(disk)) - before
    return f"left {left}" if left else ""


def disk_outcomes() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as place:
        checkpoint = str(Path(place, "digits.safetensors"))
        for words in (
            ["convert", NAME, checkpoint],
            ["verify", "parity", NAME, "--checkpoint", checkpoint],
        ):
            done = CliRunner().invoke(main, words)
            assert done.exit_code == 0, done.output
        commands = (
            ["convert", NAME, "--from", checkpoint, "out.safetensors"],
            ["publish", NAME, checkpoint, "--without-accuracy", "an attack", "release"],
        )
        for what, small, said in (
            ("a full file system", small_disk, "No space left on device"),
            ("a limit on files", small_files, "File too large"),
        ):
            try:
                with tempfile.TemporaryDirectory() as test, small(Path(test), 1 << 16):
                    pass
            except OSError as error:
                yield Outcome(f"disks: {what}", 0, None, f"cannot be made here: {error}")
                continue
            tries = [(words, size) for words in commands for size in SIZES]
            faults = tuple(filter(None, (wrong(w, small, size, said) for w, size in tries)))
            found = "one line, and nothing was left" if not faults else ""
            yield Outcome(f"disks: {what}", len(tries), len(tries) - len(faults), found, faults)
