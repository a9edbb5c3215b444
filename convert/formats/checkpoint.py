"""What every reader returns: the named arrays of a file, in file order, nothing copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Storage = Literal["dense", "row_sparse", "csr", "none"]


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

    def array(self) -> Array:
        """The values, dense and little-endian: a read-only view of the mapped file where they lie
        there so, a new array where sparse storage is spread out or another order is undone.

        Raises FormatError for an array stored as "none", for damaged values (sparse indices,
        booleans, a checksum that the file holds), and for sparse storage of an absurd dense size.
        """
        return self.load()


@dataclass(frozen=True)
class Checkpoint:
    """The arrays of one file, in file order.

    ``format`` names the format and its version (``params-v2``, ``npz``, ``safetensors``).
    ``named`` is False for a plain list, whose tensors are called "0", "1", ... ``notes`` are
    sentences on what was chosen and what was ignored, where a file holds more than its weights.
    ``shards`` are the files that hold the values where ``path`` itself is only their index.
    ``weights`` is the key of the weights that were taken, None where the file is these weights;
    ``averaged`` says whether they are averages, None where nobody can know. ``ignored`` are the
    names that were left out as asked.
    """

    path: Path
    format: str
    named: bool
    tensors: tuple[Tensor, ...]
    notes: tuple[str, ...] = ()
    shards: tuple[Path, ...] = ()
    weights: str | None = None
    averaged: bool | None = None
    ignored: tuple[str, ...] = ()
