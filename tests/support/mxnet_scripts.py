"""Scripts that run in real MXNet, which one process imports once: it forks for each of them."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from functools import cache
from pathlib import Path

SUPPORT = Path(__file__).parent
REFERENCE = SUPPORT.parents[1] / "verify" / "reference" / "gluon_reference.py"
"""The script whose environment has MXNet 1.9.1 and GluonCV."""


def uv(*command: str) -> str:
    done = subprocess.run(["uv", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@cache
def interpreter() -> str:
    """The Python that has MXNet."""
    uv("sync", "--quiet", "--script", str(REFERENCE))
    return uv("python", "find", "--script", str(REFERENCE))


@cache
def server() -> subprocess.Popen[str]:
    command = [interpreter(), str(SUPPORT / "mxnet_server.py")]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    atexit.register(process.communicate)
    return process


def run_in_mxnet(
    script: Path, *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """``script`` run with ``arguments`` in a process of its own, as if by ``uv run --script``."""
    request = {
        "script": str(script.resolve()),
        "arguments": [str(argument) for argument in arguments],
        "folder": str(cwd or Path.cwd()),
        "environment": dict(os.environ),
    }
    process = server()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, "the process that imported MXNet has ended"
    answer = json.loads(line)
    return subprocess.CompletedProcess([str(script), *request["arguments"]], **answer)


def in_mxnet(script: Path, *arguments: object, cwd: Path | None = None) -> str:
    """What ``script`` prints, run in MXNet with ``arguments``; it must pass."""
    done = run_in_mxnet(script, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout
