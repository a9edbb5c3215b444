"""A bound on the memory that a block of a test takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_below(limit: float) -> Iterator[None]:
    """Fails if Python allocates ``limit`` bytes or more inside the block.

    Tracing ends with the block, however it ends: a trace that goes on counts what later tests take.
    """
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak} bytes were allocated, and the limit is {limit}"
