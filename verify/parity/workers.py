"""Threads that each compute on one core: as many as there are cores."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

import torch

from verify.accuracy.device import cores, keep_freed_memory


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
