"""Hundreds of conversions and parity runs in one process: memory and descriptors stay flat."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import gluonport
from architectures import find_model
from scripts.attack.kills import NAME
from scripts.attack.outcome import Outcome
from verify.parity.compare import verify_architecture

ALLOWED = 16 << 20
"""Bytes by which the memory of the last quarter may exceed that of the second: the allocator's
own noise. A leak of one converted checkpoint (1 MiB) a run would be 250 times as much."""


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def soak(what: str, cycles: int, once: Callable[[], object]) -> Outcome:
    """Do it so many times. The first quarter fills caches and is not judged."""
    if not Path("/proc/self/statm").exists():
        return Outcome(f"soak: {what}", 0, None, "there is no /proc on this system")
    memory, open_files = list[int](), list[int]()
    for _ in range(cycles):
        once()
        gc.collect()
        memory.append(resident())
        open_files.append(descriptors())
    quarter = cycles // 4
    early, late = memory[quarter : 2 * quarter], memory[-quarter:]
    grown = int(median(late) - median(early))
    more = open_files[-1] - open_files[quarter]
    faults = []
    if grown > ALLOWED:
        faults.append(f"memory grew by {grown / 2**20:.1f} MiB")
    if more > 0:
        faults.append(f"{more} more files are open")
    found = (
        f"memory {median(early) / 2**20:.0f} to {median(late) / 2**20:.0f} MiB (the second and "
        f"last quarter), {open_files[quarter]} to {open_files[-1]} descriptors"
    )
    return Outcome(f"soak: {what}", cycles, 0 if faults else cycles, found, tuple(faults))


def soak_outcomes(conversions: int, parities: int) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory() as place:
        out = Path(place, "digits.safetensors")
        yield soak("conversions", conversions, lambda: gluonport.convert(NAME, out, force=True))
        model = find_model(NAME)

        def judge() -> None:
            assert verify_architecture(model, "golden").passed

        yield soak("parity runs", parities, judge)
