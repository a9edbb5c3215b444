"""What every reader returns: the named arrays of a file, in file order, without copying."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convert.formats.mapped import MappedFile

Array = np.ndarray[Any, np.dtype[Any]]
Storage = Literal["dense", "row_sparse", "csr", "none"]

ELEMENTS = 1 << 18  # elements in one part of an array


@dataclass(frozen=True)
class Tensor:
    """One array of a checkpoint.

    ``dtype`` is numpy's name, or ``bfloat16`` (``ml_dtypes.bfloat16`` in memory); it is None for an
    array that MXNet stored as "none", without values. ``offset`` is the byte at which its values
    begin in the file.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str | None
    storage: Storage
    offset: int
    load: Callable[[], Array] = field(repr=False, compare=False)
    stream: Callable[[], Iterator[Array]] | None = field(default=None, repr=False, compare=False)

    def array(self) -> Array:
        """The values, dense and little-endian: a read-only view of the mapped file if they lie
        there as in memory; a new array if they are sparse or in another order.

        Using a view after somebody cut the file short ends the process; ``parts`` is safe.
        Raises FormatError for an array stored as "none", for damaged values (sparse indices,
        booleans, a checksum that the file holds), and for a file that changed since it was opened.
        """
        return self.load()

    def parts(self) -> Iterator[Array]:
        """The same values, flat and in C order, in parts of ``ELEMENTS`` and a shorter last one.

        They are read without mapping: a file that is cut short meanwhile raises FormatError.
        """
        return split(self.array()) if self.stream is None else self.stream()

    def sha256(self) -> str:
        """The sha256 of the same values, dense and little-endian, in hex."""
        return sha256_of(self.parts())

    def reshaped(self, shape: tuple[int, ...]) -> Tensor:
        """The same values in another shape with as many elements."""
        if shape == self.shape:
            return self
        return replace(self, shape=shape, load=lambda: self.load().reshape(shape))

    def copy(self) -> Array:
        """The same values in new memory, read as ``parts`` are."""
        parts = list(self.parts())
        return np.concatenate(parts).reshape(self.shape) if parts else self.array().copy()


@dataclass(frozen=True)
class Checkpoint:
    """The arrays of one file, in file order.

    - ``format``: the format and its version (``params-v2``, ``npz``, ``safetensors``).
    - ``named``: False for a plain list, whose tensors are called "0", "1", ...
    - ``notes``: sentences on what was taken and ignored, if a file holds more than weights.
    - ``files``: the open files behind it: the one at ``path``, then the shards of an index.
    - ``weights``: the key of the weights that were taken; None if the file has no such key.
    - ``averaged``: whether the weights are averages; None if the file does not say.
    - ``ignored``: the names that the user's patterns left out.
    """

    path: Path
    format: str
    named: bool
    tensors: tuple[Tensor, ...]
    notes: tuple[str, ...] = ()
    files: tuple[MappedFile, ...] = field(default=(), compare=False)
    weights: str | None = None
    averaged: bool | None = None
    ignored: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """The size in bytes of all files together."""
        return sum(file.size for file in self.files)

    def require_unchanged(self) -> None:
        """Raise FormatError if a file was written to since it was opened."""
        for file in self.files:
            file.require_unchanged()


def sha256_of(parts: Iterable[Array]) -> str:
    """The sha256 of the bytes of consecutive parts of an array, in hex."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.view(np.uint8).data)
    return digest.hexdigest()


def split(array: Array) -> Iterator[Array]:
    """The parts of an array in memory, as ``Tensor.parts`` gives them."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, ELEMENTS):
        yield flat[start : start + ELEMENTS]
