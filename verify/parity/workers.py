"""Threads that each compute on one core: as many as there are cores."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def workers() -> Iterator[Executor]:
    """The threads, in each of which an operation of PyTorch takes one core, so that its result
    does not depend on their number. PyTorch's own setting is put back at the end."""
    keep_freed_memory()
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(cores(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


def keep_freed_memory() -> None:
    """Make glibc keep freed memory for the layers that follow, for the rest of this process.

    By default it maps large blocks anew for each layer, and page faults take up to a third of the
    time. With other C libraries this does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # malloc.h
    for parameter, value in ((trim_threshold, 2**31 - 1), (mmap_threshold, 2**30), (arena_max, 1)):
        if mallopt:
            mallopt(parameter, value)


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
