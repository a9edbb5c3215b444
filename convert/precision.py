"""Converts values from one precision to another: exactly, with checks, in bounded memory."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from convert.formats import Array, Tensor
from convert.formats.block import dtype_of
from convert.formats.checkpoint import ELEMENTS
from mappings.errors import ConversionError

Precision = Literal["float32", "float16", "bfloat16", "keep"]
FLOATING = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Scratch:
    """An unnamed file beside the target that holds converted values, and a read-only map of it.

    The values take disk space and page cache, not memory. A full disk raises an ordinary OSError.
    The file is gone when the process ends, however it ends.
    """

    file: IO[bytes]
    map: mmap.mmap

    @classmethod
    @contextmanager
    def open(cls, folder: Path, room: int) -> Iterator[Scratch]:
        """A file in ``folder`` with room for that many bytes."""
        room = max(room, 1)  # an empty file cannot be mapped
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(room)  # takes no disk space before the bytes are written
            yield cls(file, mmap.mmap(file.fileno(), room, access=mmap.ACCESS_READ))

    def store(self, shape: tuple[int, ...], dtype: np.dtype[Any], parts: Iterable[Array]) -> Array:
        """The concatenated ``parts`` as one read-only array of ``shape``."""
        if 0 in shape:
            return np.empty(shape, dtype)
        start = self.file.tell()
        for part in parts:
            self.file.write(part.view(np.uint8).data)
        self.file.flush()
        return np.ndarray(shape, dtype, self.map, start)


@np.errstate(over="ignore", under="ignore", invalid="ignore")  # what matters is checked
def convert_values(
    tensor: Tensor, precision: Precision, scratch: Scratch, *, allow_nonfinite: bool = False
) -> Array:
    """The tensor's values in ``precision``, read once and stored in ``scratch``.

    Widening is exact; narrowing rounds the float32 value to the nearest value, ties to even. Raises
    ConversionError for a dtype that is not floating point, for NaN or infinity in the source unless
    ``allow_nonfinite``, and for a finite value that the narrower type cannot hold.
    """
    if tensor.dtype not in FLOATING:
        raise ConversionError(
            f"tensor {tensor.name!r} is {tensor.dtype or 'empty (stored as none)'}, "
            f"expected floating-point weights: export the float original"
        )
    dtype = dtype_of(tensor.dtype if precision == "keep" else precision)
    parts = tensor.parts() if allow_nonfinite else _finite(tensor)
    if dtype.name != tensor.dtype:
        parts = _rounded(tensor, parts, dtype)
    return scratch.store(tensor.shape, dtype, parts)


def batches_tracked(tensor: Tensor | None) -> Array:
    """BatchNorm's number of batches, int64 of shape (); 0 if the source does not have it.

    Averaged checkpoints hold it as a float. Raises ConversionError if it is not a whole number.
    """
    if tensor is None:
        return np.zeros((), np.int64)
    batches = float(tensor.copy())
    if not batches.is_integer():
        raise ConversionError(f"tensor {tensor.name!r} is {batches}, expected a whole number")
    return np.array(int(batches), np.int64)


def _finite(tensor: Tensor) -> Iterator[Array]:
    for start, part in zip(count(0, ELEMENTS), tensor.parts(), strict=False):
        if not np.isfinite(part).all():
            raise _nonfinite(tensor, part, start)
        yield part


def _rounded(tensor: Tensor, parts: Iterator[Array], dtype: np.dtype[Any]) -> Iterator[Array]:
    for start, part in zip(count(0, ELEMENTS), parts, strict=False):
        rounded = part.astype(np.float32).astype(dtype)
        if not np.isfinite(rounded).all():
            bad = np.isfinite(part) & ~np.isfinite(rounded)
            if bad.any():
                where = int(bad.argmax())
                raise ConversionError(
                    f"tensor {tensor.name!r}: the value {part[where]} at flat index "
                    f"{start + where} overflows {dtype.name}: choose a wider --dtype"
                )
        yield rounded


def _nonfinite(tensor: Tensor, part: Array, start: int) -> ConversionError:
    where = int((~np.isfinite(part)).argmax())
    return ConversionError(
        f"tensor {tensor.name!r} holds {part[where]} at flat index {start + where}, expected "
        f"finite weights: the training diverged or the file is damaged; "
        f"--allow-nonfinite converts it anyway"
    )
