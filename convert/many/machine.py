"""What this machine has to work with: cores and memory, within the limits of a container."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
KEPT = 0.1  # share of the free memory that is left to others


def cores() -> int:
    """The cores that this process may use, shared with its neighbours where torchrun started
    several."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    beside = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, (found or 1) // _neighbours(beside))


def free_memory() -> int | None:
    """The bytes of memory that may be used now; None where the system does not tell."""
    found = [bytes for bytes in (_of_system(), _of_group()) if bytes is not None]
    if not found:
        return None
    beside = _neighbours(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return int(min(found) * (1 - KEPT)) // beside


def _neighbours(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:6]) else 1


def _of_system() -> int | None:
    try:
        for line in MEMORY.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except (OSError, ValueError, IndexError):
        pass
    return None


def _of_group() -> int | None:
    """What the control group (version 2) of a container leaves; pages of files can be dropped."""
    try:
        most = int((GROUP / "memory.max").read_text())
        used = int((GROUP / "memory.current").read_text())
        lines = (GROUP / "memory.stat").read_text().splitlines()
        kept = {name: int(size) for name, size in map(str.split, lines)}
    except (OSError, ValueError):
        return None
    return max(most - used + kept.get("inactive_file", 0), 0)
