"""Values on their way from one precision to another: exact, checked, in bounded memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from convert.formats import Array, Tensor
from mappings.errors import ConversionError

Precision = Literal["float32", "float16", "bfloat16", "keep"]
FLOATING = ("float16", "bfloat16", "float32", "float64")
CHUNK = 1 << 18  # elements worked on at a time


class Scratch:
    """Converted values in an unnamed file beside the target, read back as memory-mapped views.

    They cost disk and page cache, not memory; a full disk is an ordinary OSError, and nothing
    survives the process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def store(self, shape: tuple[int, ...], dtype: np.dtype[Any], parts: Iterator[Array]) -> Array:
        """The concatenated ``parts`` as one read-only array of ``shape``."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)
        start = self._file.seek(0, 2)
        for part in parts:
            self._file.write(part.data if part.dtype.kind != "V" else part.view(np.uint8).data)
        self._file.flush()
        if 0 in shape:
            return np.empty(shape, dtype)
        return np.memmap(self._file, dtype, "r", start, shape)


def convert_values(
    tensor: Tensor, precision: Precision, scratch: Scratch, *, allow_nonfinite: bool = False
) -> Array:
    """The tensor's values in ``precision``: the source's own view where nothing changes.

    Widening is exact; narrowing rounds the float32 value to nearest even. Raises ConversionError
    for a dtype that no weight has, for NaN or infinity in the source unless ``allow_nonfinite``,
    and for a finite value that the narrower type cannot hold.
    """
    if tensor.dtype not in FLOATING:
        raise ConversionError(
            f"tensor {tensor.name!r} is {tensor.dtype or 'empty (stored as none)'}, "
            f"expected floating-point weights: export the float original"
        )
    array = tensor.array()
    if not allow_nonfinite:
        for start, part in _parts(array):
            if not _finite(part):
                raise _nonfinite(tensor, part, start)
    if precision in ("keep", tensor.dtype):
        return array
    dtype = _dtype(precision)
    return scratch.store(tensor.shape, dtype, _narrowed(tensor, array, dtype))


def _narrowed(tensor: Tensor, array: Array, dtype: np.dtype[Any]) -> Iterator[Array]:
    for start, part in _parts(array):
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            rounded = part.astype(np.float32).astype(dtype)
        if not _finite(rounded):
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
        f"tensor {tensor.name!r} holds {part[where]} at flat index {start + where}, expected finite "
        f"weights: the training diverged or the file is damaged; --allow-nonfinite converts it anyway"
    )


def _parts(array: Array) -> Iterator[tuple[int, Array]]:
    flat = array.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        yield start, flat[start : start + CHUNK]


def _finite(part: Array) -> bool:
    """Whether all values are finite; a finite sum settles it in one fast pass."""
    with np.errstate(over="ignore", invalid="ignore"):
        if part.dtype in (np.float32, np.float64) and np.isfinite(part.sum()):
            return True
    return bool(np.isfinite(part).all())


def _dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
