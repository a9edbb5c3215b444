"""Who reads the images of a chunk: one thread, many threads, or many processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from convert.formats import Array
from verify.accuracy.manifest import HashedImage
from verify.accuracy.reading import Reader
from verify.accuracy.reading_processes import reading_processes

AHEAD = 6
"""Chunks in hand on a GPU: one computes, one waits for it, the images of two or more are read, and
the answers of the others are written."""

FEWEST_PROCESSES, FEWEST_IMAGES = 4, 1024
"""With fewer cores threads are as fast, and with fewer images processes have hardly begun."""

MOST_SHARED = 1 << 30
"""The most bytes of crops that processes share with this one."""


class Readers(Protocol):
    """Reads the crops of a chunk."""

    def crops(
        self, images: Sequence[HashedImage], positions: Sequence[int]
    ) -> AbstractContextManager[list[Array | None]]:
        """The crops, uint8 RGB (S, S, 3), of the images at these positions of the data set, None
        for one that does not decode; they are valid inside the block.

        Raises AccuracyError if an image is no longer what the manifest says.
        """
        ...


@dataclass(frozen=True)
class InThisProcess:
    """Reads in this process: ``each`` is ``map``, or the same of a pool of threads."""

    reader: Reader
    each: Callable[..., Iterable[Any]] = map

    @contextmanager
    def crops(
        self, images: Sequence[HashedImage], positions: Sequence[int]
    ) -> Iterator[list[Array | None]]:
        yield list(self.each(self.reader.crop, images, positions))


@contextmanager
def open_readers(
    reader: Reader, device: torch.device, workers: int, images: int, batch: int
) -> Iterator[Readers]:
    """Readers with ``workers`` cores of ``images`` images in chunks of ``batch``.

    On a CPU the thread that takes a chunk reads it. A GPU gets its images from processes, which
    do not wait for each other's Python code as threads do, if there are cores and images enough.
    """
    if device.type == "cpu":
        yield InThisProcess(reader)
        return
    shared = AHEAD * batch * 3 * reader.maker.model.input_size**2
    if workers >= FEWEST_PROCESSES and images >= FEWEST_IMAGES and shared <= MOST_SHARED:
        with reading_processes(reader, workers, AHEAD, batch) as readers:
            yield readers
    else:
        with ThreadPoolExecutor(workers) as pool:
            yield InThisProcess(reader, pool.map)
