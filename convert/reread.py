"""Rereads a file behind its writer: what is on disk already is compared with the source."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod
from pathlib import Path
from typing import Self

import numpy as np

from convert.formats.appearing import sync
from convert.formats.checkpoint import Array
from convert.formats.file_layout import Layout, layout
from convert.formats.given_values import Values
from mappings.errors import ConversionError

STEP = 1 << 24  # bytes that are written between two syncs
PAGE = 1 << 16  # the kernel keeps a page that is on disk in part


class Reread:
    """Compares a file, as the disk gives it back, with the values it was made from.

    The writer says how far it is. One thread then waits until that much is on disk and drops the
    kernel's copy; another reads it back and compares every byte, while the writer goes on.
    """

    def __init__(self, path: Path, arrays: Mapping[str, Values]) -> None:
        self._path, self._arrays = path, arrays
        self._left: deque[tuple[bytes | str, int, int]] = deque()
        self.size = 0
        self.offsets: dict[str, int] = {}  # the byte at which each tensor begins
        for piece in pieces(path, arrays):
            begin = self.size
            self.size += len(piece) if isinstance(piece, bytes) else _nbytes(arrays[piece])
            self._left.append((piece, begin, self.size))
            if isinstance(piece, str):
                self.offsets[piece] = begin
        self._syncing, self._comparing = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._steps: deque[Future[Future[None]]] = deque()
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._syncing.shutdown(cancel_futures=True)
        self._comparing.shutdown(cancel_futures=True)

    def written(self, end: int) -> None:
        """Say that the file has ``end`` bytes now."""
        if end - self._asked >= STEP:
            self._asked = end
            self._steps.append(self._syncing.submit(self._sync, end - end % PAGE))

    def finish(self) -> None:
        """Wait until the whole file is compared. Raises ConversionError if a byte differs."""
        self._steps.append(self._syncing.submit(self._sync, self.size))
        while self._steps:
            self._steps.popleft().result().result()

    def _sync(self, end: int) -> Future[None]:
        sync(self._path)
        return self._comparing.submit(self._compare, end)

    def _compare(self, end: int) -> None:
        handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if end == self.size != os.fstat(handle).st_size:
                raise self._differs("the size of the file")
            while self._left and self._left[0][2] <= end:
                piece, begin, behind = self._left.popleft()
                if isinstance(piece, bytes):
                    if os.pread(handle, len(piece), begin) != piece:
                        raise self._differs("what is beside the tensors")
                elif not _same_bytes(handle, begin, behind, self._arrays[piece]):
                    raise self._differs(f"tensor {piece!r}")
        finally:
            os.close(handle)

    def _differs(self, what: str) -> ConversionError:
        return ConversionError(
            f"{self._path}: {what} reread differs from what was written: "
            f"the storage is unreliable; nothing was kept"
        )


def pieces(path: Path, arrays: Mapping[str, Values]) -> Layout:
    """What the file consists of. Raises ConversionError for values that its format cannot have."""
    try:
        return layout(path, arrays)
    except ValueError as error:
        raise ConversionError(f"{path.name}: cannot be written: {error}") from error


def _nbytes(values: Values) -> int:
    return prod(values.shape) * values.dtype.itemsize


def _same_bytes(handle: int, at: int, end: int, values: Values) -> bool:
    """Whether all bits are equal: comparing numbers would miss those of NaN and a zero's sign."""
    for part in values.again():
        expected: Array = part.view(np.uint8)
        found = np.empty_like(expected)
        if os.preadv(handle, [found.data], at) != found.size or not np.array_equal(found, expected):
            return False
        at += found.size
    return at == end
