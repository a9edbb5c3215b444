"""Values as they lie in a file, and the numpy array they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, ClassVar, Literal, Protocol

import numpy as np

from convert.formats.checkpoint import Array, Storage, Tensor
from convert.formats.mapped import MappedFile

MAX_NDIM = 64  # numpy's limit
MAX_BYTES = 2**63 - 1  # numpy's limit, to which the other dimensions of an empty array count too


@cache
def dtype_of(name: str) -> np.dtype[Any]:
    """The little-endian numpy type of that name; ``bfloat16`` is ``ml_dtypes.bfloat16``."""
    if name == "bfloat16":
        import ml_dtypes  # only a file that holds it pays for the import

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(f"<{np.dtype(name).str[1:]}")


class Stored(Protocol):
    """An array in a file: a Block, a Nothing, or one of the sparse arrays made of Blocks."""

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
        """The values, dense and little-endian. Raises FormatError where they are no such values."""


@dataclass(frozen=True)
class Block:
    """A run of values: where it begins in the file, in bytes, and how it is laid out there."""

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
        order: Literal["C", "F"] = "F" if self.fortran else "C"
        view: Array = np.ndarray(self.shape, self.dtype, file.buffer, self.offset, order=order)
        if self.dtype == np.bool_ and view.view(np.uint8).max(initial=0) > 1:
            what = "a boolean is neither 0 nor 1"
            raise file.damaged(what, self.offset, array)
        return np.asarray(view, self.dtype.newbyteorder("<"), order="C")  # copies only if it must


@dataclass(frozen=True)
class Nothing:
    """An array that was never given values; MXNet calls it none."""

    storage: ClassVar[Storage] = "none"
    offset: int
    shape: tuple[int, ...] = ()
    dtype: None = None

    def require(self, file: MappedFile, array: str | None) -> None:
        """Nothing always fits."""

    def read(self, file: MappedFile, array: str) -> Array:
        what = "the array was saved as none: there are no values to read; leave it out"
        raise file.error(what, self.offset, array)


def as_tensor(
    file: MappedFile, name: str, stored: Stored, check: Callable[[], None] = lambda: None
) -> Tensor:
    """``stored`` under its name; ``check`` runs each time before the values are read."""

    def load() -> Array:
        check()
        return stored.read(file, name)

    dtype = stored.dtype.name if stored.dtype is not None else None
    return Tensor(name, stored.shape, dtype, stored.storage, stored.offset, load)
