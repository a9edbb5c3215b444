"""Processes that read images: each writes its crops where this process sees them.

They are started anew rather than forked, since a GPU's driver does not survive a fork. They get the
place of each image and no data set, and send back only which images decode.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import cv2
import numpy as np

from architectures.catalogue.evaluated import OwnClassifier
from architectures.catalogue.figure import Regime
from convert.formats import Array
from mappings.errors import AccuracyError
from verify.accuracy.crops import CropCache
from verify.accuracy.manifest import HashedImage
from verify.accuracy.reading import CropMaker, Reader
from verify.datasets.labelled_images import ImagePlace

SPAN = 16
"""The most images that a process is given at once."""


@dataclass(frozen=True)
class Recipe:
    """What a process needs to make crops; unlike a catalogue's model it can be sent to one."""

    regime: Regime
    model: OwnClassifier
    cache: Path | None
    max_pixels: int

    @classmethod
    def of(cls, maker: CropMaker) -> Recipe:
        model, cache = maker.model, maker.cache
        sent = OwnClassifier(
            model.name,
            model.dataset,
            model.input_size,
            None,
            model.crop,
            timm_interpolation=model.timm_interpolation,
        )
        folder = cache.folder.parent if cache else None
        return cls(maker.regime, sent, folder, maker.max_pixels)

    def maker(self) -> CropMaker:
        settings = self.regime, self.model, self.max_pixels
        cache = CropCache(self.cache, *settings) if self.cache else None
        return CropMaker(self.regime, self.model, cache, self.max_pixels)


class InProcesses:
    """Reads the crops of a chunk in other processes; several threads may use it at once."""

    def __init__(self, reader: Reader, pool: ProcessPoolExecutor, slots: Array, span: int) -> None:
        """``slots``: uint8 (slots, images of a chunk, S, S, 3), which the processes share."""
        self.reader, self.pool, self.slots, self.span = reader, pool, slots, span
        self._free: SimpleQueue[int] = SimpleQueue()
        for slot in range(len(slots)):
            self._free.put(slot)

    @contextmanager
    def crops(
        self, images: Sequence[HashedImage], positions: Sequence[int]
    ) -> Iterator[list[Array | None]]:
        """The crops of a chunk, valid inside the block. Raises AccuracyError as ``Reader.crop``
        does, and if a process was killed."""
        slot, asked = self._free.get(), list[Future[list[bool]]]()
        locations = self.reader.dataset.locations
        try:
            for first in range(0, len(images), self.span):
                part = slice(first, first + self.span)
                where = [locations[position] for position in positions[part]]
                asked.append(self.pool.submit(_read, slot, first, images[part], where))
            decoded = [one for answer in asked for one in answer.result()]
            rows = self.slots[slot]
            yield [rows[k] if one else None for k, one in enumerate(decoded)]
        except BrokenProcessPool:
            raise AccuracyError(
                "a process that reads images was killed or crashed; is there enough memory? "
                "Finished chunks are kept; the same command goes on from there"
            ) from None
        finally:
            wait(asked)  # nothing writes into a slot that is free
            self._free.put(slot)


class _Undisturbed(SpawnProcess):
    """A process that begins with SIGINT blocked: the one that started it answers Ctrl-C."""

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    Process = _Undisturbed


@contextmanager
def reading_processes(
    reader: Reader, processes: int, chunks: int, batch: int
) -> Iterator[InProcesses]:
    """Processes that read at most ``chunks`` chunks of ``batch`` images at once.

    They end with the block, and by themselves if this process is killed.
    """
    side = reader.maker.model.input_size
    shape = chunks, batch, side, side, 3
    context = _Context()
    # A file without a name, in memory if there is room: nothing is left of it after a crash.
    shared: Any = context.RawArray(ctypes.c_uint8, int(np.prod(shape)))
    begin = Recipe.of(reader.maker), shared, shape
    pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=begin)
    try:
        pool.submit(os.getpid)  # they start now, beside whatever this process does next
        slots = np.frombuffer(shared, np.uint8).reshape(shape)
        yield InProcesses(reader, pool, slots, max(1, min(SPAN, batch // processes)))
    finally:
        pool.shutdown(cancel_futures=True)


WORK: dict[str, Any] = {}
"""What one of the processes works with: its maker of crops, and the shared slots."""


def _begin(recipe: Recipe, shared: Any, shape: tuple[int, ...]) -> None:
    """Begin in one of the processes."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    WORK["maker"] = recipe.maker()
    WORK["slots"] = np.frombuffer(shared, np.uint8).reshape(shape)


def _end_with_parent() -> None:
    """Wait for the end of the process that started this one, then end this one."""
    parent = multiprocessing.parent_process()
    if parent:
        wait_for([parent.sentinel])
        os._exit(1)


def _read(
    slot: int, first: int, images: Sequence[HashedImage], locations: Sequence[ImagePlace]
) -> list[bool]:
    """Write the crops of images into a slot, from its row ``first`` on; which of them decode."""
    try:
        maker, rows, decoded = WORK["maker"], WORK["slots"][slot], []
        for row, image, location in zip(rows[first:], images, locations, strict=False):
            crop = maker.crop(image, location.read)
            if crop is not None:
                row[...] = crop
            decoded.append(crop is not None)
        return decoded
    except Exception as error:
        _demand_sendable(error)
        raise


def _demand_sendable(error: Exception) -> None:
    """Raise the words of an error that cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        raise AccuracyError(str(error)) from None
