"""Work for the tests of many processes: at the top of a module, where a new process finds it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from convert.formats.appearing import appearing
from mappings.errors import FormatError


def work(given: Any) -> dict[str, Any]:
    """Do what the text says: ``kill`` this process, ``refuse``, ``break``, ``hang`` while writing a
    file, or answer."""
    what, _, rest = str(given).partition(" ")
    if what == "kill":
        with appearing(Path(rest)) as (partial,):
            partial.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    if what == "refuse":
        raise FormatError(rest, "is refused")
    if what == "break":
        raise ZeroDivisionError("by nothing")
    if what == "hang":
        with appearing(Path(rest)) as (partial,):
            partial.write_text("half")
            Path(rest).with_name("hangs").touch()
            time.sleep(3600)
    if what == "meet":  # ends only if as many as it says do this at the same time
        folder, count = rest.rsplit(" ", 1)
        Path(folder, str(os.getpid())).touch()
        while len(list(Path(folder).iterdir())) < int(count):
            time.sleep(0.01)
    return {"said": given, "process": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}


def alone(given: Any) -> dict[str, Any]:
    """How many of these are at work in the folder at the same time, as seen from each."""
    mine = Path(given, str(os.getpid()))
    mine.touch()
    time.sleep(0.05)
    count = len(list(Path(given).iterdir()))
    mine.unlink()
    return {"count": count}
