"""Values that are about to be written: given in parts, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from convert.formats.checkpoint import Array, Tensor, split


@dataclass(frozen=True)
class Values:
    """An array of ``shape`` and ``dtype``, little-endian, that takes no memory of its own.

    ``parts`` gives it flat and in C order, in parts as ``Tensor.parts`` does, and raises what
    reading and converting it can raise. ``again`` gives the same after ``parts`` came to its end.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    parts: Callable[[], Iterator[Array]] = field(repr=False, compare=False)
    again: Callable[[], Iterator[Array]] = field(repr=False, compare=False)

    @classmethod
    def of(cls, array: Array) -> Values:
        """Those of an array in memory."""
        held = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
        return cls(held.shape, held.dtype, lambda: split(held), lambda: split(held))

    @classmethod
    def stored(cls, tensor: Tensor, dtype: np.dtype[Any]) -> Values:
        """Those of a tensor as they are; ``dtype`` is its own."""
        return cls(tensor.shape, dtype, tensor.parts, tensor.parts)

    def reshaped(self, shape: tuple[int, ...]) -> Values:
        """The same values in another shape with as many elements."""
        return replace(self, shape=shape)

    def array(self) -> Array:
        """The values in memory."""
        parts = list(self.parts())
        whole = np.concatenate(parts) if parts else np.empty(0, self.dtype)
        return whole.reshape(self.shape)
