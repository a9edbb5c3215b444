"""How two tensors differ, bit by bit: in how many values, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from convert.formats import Array, Tensor

FLOATS = ("float16", "bfloat16", "float32", "float64")

DistanceKind = Literal["values", "shape", "precision", "rounded", "dtype"]


@dataclass(frozen=True)
class Distance:
    """How far apart the values of two tensors are.

    ``kind``: "values", other values in the same dtype; "precision", equal values in another dtype;
    "rounded", one is the other rounded to nearest even; "dtype", other values in another dtype;
    "shape", another shape, so that values cannot be compared. ``max_abs`` and ``max_ulp`` (units in
    the last place, between floats of one dtype) are None if a differing value is not finite.
    """

    kind: DistanceKind
    differing: int | None
    max_abs: float | None
    max_ulp: int | None


def distance(a: Tensor, b: Tensor) -> Distance | None:
    """How ``a`` and ``b`` differ; None if every bit is the same.

    Raises FormatError for a tensor that has no values or damaged ones.
    """
    if a.shape != b.shape:
        return Distance("shape", None, None, None)
    if a.dtype == b.dtype:
        return None if a.dtype is None else _of_one_dtype(a, b)
    if a.dtype is None or b.dtype is None:
        return Distance("dtype", None, None, None)
    return _across_dtypes(a, b)


def _of_one_dtype(a: Tensor, b: Tensor) -> Distance | None:
    differing, gap, ulps = 0, 0.0, 0
    for ours, theirs in _chunks(a, b):
        where = bits(ours) != bits(theirs)
        if where.any():
            differing += int(where.sum())
            ours, theirs = ours[where], theirs[where]
            gap = max(gap, _gap(ours, theirs))
            ulps = max(ulps, max_ulp(ours, theirs))
    if not differing:
        return None
    finite = bool(np.isfinite(gap))
    return Distance(
        "values",
        differing,
        gap if finite else None,
        ulps if finite and a.dtype in FLOATS else None,
    )


def _across_dtypes(a: Tensor, b: Tensor) -> Distance:
    """Values are compared as numbers, in float64; NaN equals NaN."""
    differing, gap = 0, 0.0
    rounded = a.dtype in FLOATS and b.dtype in FLOATS
    for ours, theirs in _chunks(a, b):
        with np.errstate(invalid="ignore"):  # for signalling NaNs
            x, y = ours.astype(np.float64), theirs.astype(np.float64)
        where = (x != y) & ~(np.isnan(x) & np.isnan(y))
        if where.any():
            differing += int(where.sum())
            gap = max(gap, _gap(x[where], y[where]))
            rounded = rounded and _is_rounded(ours[where], theirs[where])
    kind: DistanceKind = "precision" if not differing else "rounded" if rounded else "dtype"
    return Distance(kind, differing, gap if np.isfinite(gap) else None, None)


def _chunks(a: Tensor, b: Tensor) -> Iterator[tuple[Array, Array]]:
    return zip(a.parts(), b.parts(), strict=True)


def bits(values: Array) -> Array:
    """The bits of contiguous values, as unsigned integers."""
    return values.view(f"u{values.dtype.itemsize}")


def max_ulp(ours: Array, theirs: Array) -> int:
    """The most floats of this dtype that lie between two values; -0.0 is one below 0.0."""
    x, y = _ordered(bits(ours)), _ordered(bits(theirs))
    return int((np.maximum(x, y) - np.minimum(x, y)).max())


def _ordered(raw: Array) -> Array:
    """The bits of floats, changed so that they have the order of the floats, negative ones too."""
    sign = raw.dtype.type(1 << (8 * raw.dtype.itemsize - 1))
    return np.where(raw & sign, ~raw, raw | sign)


def _gap(ours: Array, theirs: Array) -> float:
    """The largest absolute difference; infinite if a value is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    return float(np.where(np.isnan(gaps), np.inf, gaps).max())


def _is_rounded(ours: Array, theirs: Array) -> bool:
    """Whether the narrower of two floats is the wider one rounded."""
    narrow, wide = sorted((ours, theirs), key=lambda values: values.dtype.itemsize)
    if narrow.dtype.itemsize == wide.dtype.itemsize:
        return False  # float16 and bfloat16: neither is a rounding of the other
    with np.errstate(over="ignore", under="ignore"):
        return bool((bits(wide.astype(narrow.dtype)) == bits(narrow)).all())
