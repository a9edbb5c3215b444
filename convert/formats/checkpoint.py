"""What every reader returns: the named arrays of a file, in file order, nothing copied."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convert.formats.mapped import MappedFile

Array = np.ndarray[Any, np.dtype[Any]]
Storage = Literal["dense", "row_sparse", "csr", "none"]

ELEMENTS = 1 << 18  # of one part of an array


@dataclass(frozen=True)
class Tensor:
    """One array of a checkpoint.

    ``dtype`` is numpy's name, or ``bfloat16`` (``ml_dtypes.bfloat16`` in memory), and None for an
    array MXNet stored as "none". ``offset`` is where its values begin in the file, in bytes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str | None
    storage: Storage
    offset: int
    load: Callable[[], Array] = field(repr=False, compare=False)
    stream: Callable[[], Iterator[Array]] | None = field(default=None, repr=False, compare=False)

    def array(self) -> Array:
        """The values, dense and little-endian: a read-only view of the mapped file where they lie
        there so, a new array where sparse storage is spread out or another order is undone.

        A view is valid as long as nobody cuts the file short; ``parts`` has no such condition.
        Raises FormatError for an array stored as "none", for damaged values (sparse indices,
        booleans, a checksum that the file holds), and for a file that changed since it was opened.
        """
        return self.load()

    def parts(self) -> Iterator[Array]:
        """The same values, flat and in C order, ``ELEMENTS`` at a time and the rest at the end.

        They are read and not mapped: a file that is cut short meanwhile raises FormatError.
        """
        return split(self.array()) if self.stream is None else self.stream()

    def sha256(self) -> str:
        """The sha256 of the same values, dense and little-endian, in hex."""
        return sha256_of(self.parts())

    def copy(self) -> Array:
        """The same values in new memory, read as ``parts`` are."""
        parts = list(self.parts())
        return np.concatenate(parts).reshape(self.shape) if parts else self.array().copy()


@dataclass(frozen=True)
class Checkpoint:
    """The arrays of one file, in file order.

    ``format`` names the format and its version (``params-v2``, ``npz``, ``safetensors``).
    ``named`` is False for a plain list, whose tensors are called "0", "1", ... ``notes`` are
    sentences on what was chosen and what was ignored, where a file holds more than its weights.
    ``files`` are the open files behind it: that at ``path``, and the shards of an index.
    ``weights`` is the key of the weights that were taken, None where the file is these weights;
    ``averaged`` says whether they are averages, None where nobody can know. ``ignored`` are the
    names that were left out as asked.
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
        """Bytes of all files behind it."""
        return sum(file.size for file in self.files)

    def require_unchanged(self) -> None:
        """Raise FormatError where anybody has written to a file since it was opened."""
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
