"""Arrays as they lie in a file, and how they are read into numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from convert.formats.checkpoint import ELEMENTS, Array, Storage, Tensor, split
from convert.formats.limits import MAX_BYTES
from convert.formats.mapped import MappedFile


@cache
def dtype_of(name: str) -> np.dtype[Any]:
    """The little-endian numpy type of that name; ``bfloat16`` is ``ml_dtypes.bfloat16``."""
    if name == "bfloat16":
        import ml_dtypes  # imported only for files that hold it

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(f"<{np.dtype(name).str[1:]}")


class Stored(Protocol):
    """An array in a file: a Block, a Strided, a Nothing, or a sparse array made of Blocks."""

    storage: ClassVar[Storage]

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any] | None: ...
    @property
    def offset(self) -> int: ...

    def require(self, file: MappedFile, array: str | None) -> None:
        """Raise FormatError unless the file holds the array and its parts fit each other."""

    def read(self, file: MappedFile, array: str) -> Array:
        """The values, dense and little-endian. Raises FormatError for damaged values."""

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        """The same values as ``Tensor.parts`` gives them."""


@dataclass(frozen=True)
class Block:
    """Consecutive values: the byte of the file at which they begin, and their shape and order."""

    storage: ClassVar[Storage] = "dense"
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize

    def require(self, file: MappedFile, array: str | None) -> None:
        values = f"{self.dtype.name} values of shape {self.shape}"
        file.require(f"an array of {values}", self.offset, self.nbytes, array)
        if prod(dim for dim in self.shape if dim) * self.dtype.itemsize > MAX_BYTES:
            what = f"{values} are more than a machine can address"
            raise file.damaged(what, self.offset, array)

    def read(self, file: MappedFile, array: str) -> Array:
        """A view of the mapped file if the values lie there as in memory, else a new array."""
        file.require_unchanged()
        if self.dtype == np.bool_ or not self._is_plain:
            return self.load(file, array)
        return np.ndarray(self.shape, self.dtype, file.map, self.offset)

    def load(self, file: MappedFile, array: str) -> Array:
        """The values in new memory, read without mapping the file."""
        order: Literal["C", "F"] = "F" if self.fortran else "C"
        values: Array = np.empty(prod(self.shape), self.dtype)
        file.read_into(values.view(np.uint8), self.offset)
        self._require_booleans(file, array, values)
        return np.asarray(
            values.reshape(self.shape, order=order), self.dtype.newbyteorder("<"), order="C"
        )

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        if not self._is_plain:
            yield from split(self.load(file, array))
            return
        count = prod(self.shape)
        for start in range(0, count, ELEMENTS):
            part: Array = np.empty(min(ELEMENTS, count - start), self.dtype)
            file.read_into(part.view(np.uint8), self.offset + start * self.dtype.itemsize)
            self._require_booleans(file, array, part)
            yield part

    @property
    def _is_plain(self) -> bool:
        """Whether the values lie in the file as they lie in memory."""
        order = self.dtype.newbyteorder("<")
        return self.dtype == order and (not self.fortran or len(self.shape) < 2)

    def _require_booleans(self, file: MappedFile, array: str, values: Array) -> None:
        if self.dtype == np.bool_ and values.view(np.uint8).max(initial=0) > 1:
            raise file.damaged("a boolean is neither 0 nor 1", self.offset, array)


@dataclass(frozen=True)
class Nothing:
    """An array that was never given values; MXNet calls it none."""

    storage: ClassVar[Storage] = "none"
    offset: int
    shape: tuple[int, ...] = ()
    dtype: None = None

    def require(self, file: MappedFile, array: str | None) -> None:
        """An array without values needs no bytes."""

    def read(self, file: MappedFile, array: str) -> Array:
        what = "the array was saved as none: there are no values to read; leave it out"
        raise file.error(what, self.offset, array)

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        return split(self.read(file, array))


def as_tensor(
    file: MappedFile, name: str, stored: Stored, check: Callable[[], None] = lambda: None
) -> Tensor:
    """``stored`` under its name; ``check`` runs each time before the values are read."""

    def load() -> Array:
        check()
        return stored.read(file, name)

    def parts() -> Iterator[Array]:
        check()
        return stored.parts(file, name)

    dtype = stored.dtype.name if stored.dtype is not None else None
    return Tensor(name, stored.shape, dtype, stored.storage, stored.offset, load, parts)
