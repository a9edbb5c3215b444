"""Converts values from one precision to another: exactly, with checks, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Literal

import numpy as np

from convert.formats import Array, Tensor
from convert.formats.block import dtype_of
from convert.formats.checkpoint import ELEMENTS
from convert.formats.given_values import Values
from mappings.errors import ConversionError

Precision = Literal["float32", "float16", "bfloat16", "keep"]
FLOATING = ("float16", "bfloat16", "float32", "float64")


def convert_values(
    tensor: Tensor, precision: Precision, *, allow_nonfinite: bool = False
) -> Values:
    """The tensor's values in ``precision``, which are read and converted when they are asked for.

    Widening is exact; narrowing rounds the float32 value to the nearest value, ties to even. Raises
    ConversionError for a dtype that is not floating point. The values' ``parts`` raise it for NaN
    or infinity in the source unless ``allow_nonfinite``, and for a finite value that the narrower
    type cannot hold.
    """
    if tensor.dtype not in FLOATING:
        raise ConversionError(
            f"tensor {tensor.name!r} is {tensor.dtype or 'empty (stored as none)'}, "
            f"expected floating-point weights: export the float original"
        )
    dtype = dtype_of(tensor.dtype if precision == "keep" else precision)

    def checked() -> Iterator[Array]:
        parts = tensor.parts() if allow_nonfinite else _finite(tensor)
        return parts if dtype.name == tensor.dtype else _rounded(tensor, parts, dtype)

    def again() -> Iterator[Array]:
        if dtype.name == tensor.dtype:
            return tensor.parts()
        return _rounded(tensor, tensor.parts(), dtype)

    return Values(tensor.shape, dtype, checked, again)


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
        if not _finite_places(part).all():
            raise _nonfinite(tensor, part, start)
        yield part


@np.errstate(invalid="ignore")  # signalling NaNs
def _finite_places(part: Array) -> Array:
    return np.isfinite(part)


@np.errstate(over="ignore", under="ignore", invalid="ignore")  # what matters is checked
def _cast(part: Array, dtype: np.dtype[Any]) -> Array:
    return part.astype(np.float32).astype(dtype)


def _rounded(tensor: Tensor, parts: Iterator[Array], dtype: np.dtype[Any]) -> Iterator[Array]:
    for start, part in zip(count(0, ELEMENTS), parts, strict=False):
        rounded = _cast(part, dtype)
        if not _finite_places(rounded).all():
            bad = _finite_places(part) & ~_finite_places(rounded)
            if bad.any():
                where = int(bad.argmax())
                raise ConversionError(
                    f"tensor {tensor.name!r}: the value {part[where]} at flat index "
                    f"{start + where} overflows {dtype.name}: choose a wider --dtype"
                )
        yield rounded


def _nonfinite(tensor: Tensor, part: Array, start: int) -> ConversionError:
    where = int((~_finite_places(part)).argmax())
    return ConversionError(
        f"tensor {tensor.name!r} holds {part[where]} at flat index {start + where}, expected "
        f"finite weights: the training diverged or the file is damaged; "
        f"--allow-nonfinite converts it anyway"
    )
