"""Commands in process groups of their own, which tests may kill as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUIET = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
DEADLINE = 1200  # seconds: only a run that hangs takes as long


@contextlib.contextmanager
def running_group(
    command: Sequence[str], environment: Mapping[str, str] = QUIET, **pipes: Any
) -> Iterator[subprocess.Popen[str]]:
    """The command, all of whose processes are gone afterwards."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where it is ignored
        **pipes,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
