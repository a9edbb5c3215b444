"""Arrays that PyTorch stores in another order than C: transposed, sliced or expanded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from convert.formats.block import Block
from convert.formats.checkpoint import Array, Storage, split
from convert.formats.limits import MAX_BYTES, MAX_NDIM
from convert.formats.mapped import MappedFile


@dataclass(frozen=True)
class Strided:
    """An array with ``strides``, in elements, over the flat block ``run``."""

    storage: ClassVar[Storage] = "dense"
    run: Block
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.run.dtype

    @property
    def offset(self) -> int:
        return self.run.offset

    @property
    def nbytes(self) -> int:
        """Bytes in the file; the array itself may take fewer or more."""
        return self.run.nbytes

    def require(self, file: MappedFile, array: str | None) -> None:
        self.run.require(file, array)

    def read(self, file: MappedFile, array: str) -> Array:
        run = self.run.load(file, array)
        strides = [step * self.dtype.itemsize for step in self.strides]
        try:
            return np.array(as_strided(run, self.shape, strides), order="C")
        except MemoryError as error:
            what = f"an array of shape {self.shape} is more than can be made here"
            raise file.error(f"{what}; save what was expanded", self.offset, array) from error

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        return split(self.read(file, array))


def strided(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...], dtype: np.dtype[Any]
) -> Block | Strided:
    """The array that begins at byte ``offset`` of the file; a Block if it lies in C order.

    Raises ValueError for an invalid shape or invalid strides.
    """
    if not len(shape) == len(strides) <= MAX_NDIM:
        raise ValueError(f"{len(shape)} dimensions and {len(strides)} strides")
    if not all(0 <= number <= MAX_BYTES for number in shape + strides):
        raise ValueError("a dimension or a stride is negative, or more than a machine can address")
    steps = tuple(step if dim > 1 else 0 for dim, step in zip(shape, strides, strict=True))
    in_order = tuple(prod(shape[i + 1 :]) if dim > 1 else 0 for i, dim in enumerate(shape))
    if steps == in_order or 0 in shape:
        return Block(offset, shape, dtype)
    span = 1 + sum((dim - 1) * step for dim, step in zip(shape, steps, strict=True))
    return Strided(Block(offset, (span,), dtype), shape, steps)
