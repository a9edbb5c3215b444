"""The two sparse storages of MXNet (include/mxnet/ndarray.h, NDArrayStorageType), made dense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from convert.formats.block import Block
from convert.formats.checkpoint import Array, Storage, split
from convert.formats.mapped import MappedFile

INDEX_TYPES = ("int32", "int64")  # SciPy writes either, MXNet the second only


@dataclass(frozen=True)
class RowSparse:
    """Some rows of an array, all others zero: ``values[i]`` is row ``indices[i]``.

    MXNet writes and reads rows in any order (``mx.nd.sparse.row_sparse_array``).
    """

    storage: ClassVar[Storage] = "row_sparse"
    shape: tuple[int, ...]
    values: Block
    indices: Block

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def offset(self) -> int:
        return self.values.offset

    def require(self, file: MappedFile, array: str | None) -> None:
        count = self.indices.shape
        fits = len(count) == 1 and self.shape and self.values.shape == count + self.shape[1:]
        _require_parts(file, array, self, bool(fits), self.indices)

    def read(self, file: MappedFile, array: str) -> Array:
        rows = self.indices.load(file, array)
        _require_indices(file, array, self.indices, rows, self.shape[0], np.zeros_like(rows))
        dense = _zeros(file, array, self, self.indices)
        dense[rows] = self.values.load(file, array)
        return dense

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        return split(self.read(file, array))


@dataclass(frozen=True)
class Csr:
    """Compressed sparse rows: row r holds ``values[i]`` in column ``indices[i]`` for every i in
    ``indptr[r]:indptr[r + 1]``, in any order. MXNet leaves ``indptr`` empty in zeros it never
    allocated.
    """

    storage: ClassVar[Storage] = "csr"
    shape: tuple[int, ...]
    values: Block
    indptr: Block
    indices: Block

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def offset(self) -> int:
        return self.values.offset

    def require(self, file: MappedFile, array: str | None) -> None:
        count, pointers = self.indices.shape, self.indptr.shape
        fits = len(self.shape) == 2 and len(count) == 1 and self.values.shape == count
        allocated = fits and pointers == (self.shape[0] + 1,)
        zeros = fits and pointers == count == (0,)
        _require_parts(file, array, self, allocated or zeros, self.indptr, self.indices)

    def read(self, file: MappedFile, array: str) -> Array:
        pointers = self.indptr.load(file, array).astype(np.int64)
        columns = self.indices.load(file, array)
        if pointers.size:
            _require_pointers(file, array, self.indptr, pointers, columns.size)
        rows = np.repeat(np.arange(max(pointers.size - 1, 0)), np.diff(pointers))
        _require_indices(file, array, self.indices, columns, self.shape[1], rows)
        dense = _zeros(file, array, self, self.indptr, self.indices)
        dense[rows, columns] = self.values.load(file, array)
        return dense

    def parts(self, file: MappedFile, array: str) -> Iterator[Array]:
        return split(self.read(file, array))


def _require_parts(
    file: MappedFile, array: str | None, sparse: RowSparse | Csr, fits: bool, *indices: Block
) -> None:
    for block in (sparse.values, *indices):
        block.require(file, array)
    if not fits:
        shapes = " and ".join(str(block.shape) for block in indices)
        what = (
            f"values of shape {sparse.values.shape} and indices of shape {shapes} do not make a "
            f"{sparse.storage} array of shape {sparse.shape}"
        )
        raise file.damaged(what, sparse.offset, array)
    for block in indices:
        if block.dtype.name not in INDEX_TYPES:
            what = f"sparse indices are {block.dtype.name}; expected {' or '.join(INDEX_TYPES)}"
            raise file.damaged(what, block.offset, array)


def _require_indices(
    file: MappedFile, array: str, block: Block, indices: Array, limit: int, groups: Array
) -> None:
    """Refuse an index outside the array, and one that occurs twice in its group: for two values at
    one place, some readers take one of them and others their sum."""
    outside = (indices < 0) | (indices >= limit)
    _refuse(file, array, block, indices, outside, f"0 or more and below {limit}")
    order = np.lexsort((indices, groups))  # stable: of two equal ones, the later comes second
    same = np.diff(indices[order]) == 0
    again = np.zeros(indices.size, np.bool_)
    again[order[1:]] = same & (np.diff(groups[order]) == 0)
    _refuse(file, array, block, indices, again, "each index once")


def _require_pointers(
    file: MappedFile, array: str, block: Block, pointers: Array, count: int
) -> None:
    fallen = np.concatenate([pointers[:1] != 0, pointers[1:] < pointers[:-1]])
    _refuse(file, array, block, pointers, fallen, "0 at the start and no fall")
    fallen[-1] = pointers[-1] != count
    _refuse(file, array, block, pointers, fallen, f"{count} at the end, one per value")


def _refuse(
    file: MappedFile, array: str, block: Block, indices: Array, bad: Array, expected: str
) -> None:
    """Raise FormatError at the first index that ``bad`` marks."""
    if bad.any():
        first = int(bad.argmax())
        what = f"sparse index {first} is {indices[first]}; expected {expected}"
        offset = block.offset + first * block.dtype.itemsize
        raise file.damaged(what, offset, array)


def _zeros(file: MappedFile, array: str, sparse: RowSparse | Csr, *indices: Block) -> Array:
    """The dense array before its values are put in. Raises FormatError if memory is short."""
    dense = prod(sparse.shape) * sparse.dtype.itemsize
    stored = sum(block.nbytes for block in (sparse.values, *indices))
    error = file.error(
        f"{stored} bytes of sparse storage stand for a dense array of shape {sparse.shape}, "
        f"{dense} bytes, more than can be made here; store the array dense, or leave it out",
        sparse.offset,
        array,
    )
    try:
        return np.zeros(sparse.shape, sparse.dtype)
    except (MemoryError, ValueError):  # ValueError: more than numpy can address
        raise error from None
