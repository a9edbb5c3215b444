"""Scripts that run in real MXNet, which one process imports once: it forks for each of them."""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

CLIENT = Path(__file__).with_name("mxnet_client.py")


@cache
def mxnet_python() -> str:
    """A program that runs scripts as the Python that has MXNet does, without its imports."""
    folder = tempfile.mkdtemp(prefix="mxnet-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = Path(folder, "python")
    command = [sys.executable, "-ISE", CLIENT, folder, os.getpid()]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
    program.chmod(0o755)
    return str(program)


def run_in_mxnet(
    script: Path, *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """``script`` run with ``arguments`` in a process of its own, as if by ``uv run --script``."""
    command = [mxnet_python(), str(script.resolve()), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=cwd
    )


def in_mxnet(script: Path, *arguments: object, cwd: Path | None = None) -> str:
    """What ``script`` prints, run in MXNet with ``arguments``; it must pass."""
    done = run_in_mxnet(script, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout
