"""Values that a network does without and MXNet asks for: kept in the record beside a checkpoint, so
that the way back restores them. Most are gammas that count as 1 (MXNet's ``fix_gamma``)."""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path
from typing import Any

import numpy as np

from convert.formats import Array, Tensor
from convert.formats.block import dtype_of
from mappings.errors import FormatError

MOST_KEPT = 1 << 16
"""The most elements of an array that a graph does without and a record keeps."""


def kept(tensor: Tensor) -> dict[str, Any]:
    """Values in a record: one number if they are all the same bits, else base64."""
    values = tensor.copy()
    first = values.reshape(-1)[:1]
    raw = values.tobytes()
    if values.size and raw == first.tobytes() * values.size and np.isfinite(first[0]):
        return {"dtype": tensor.dtype, "shape": list(tensor.shape), "value": float(first[0])}
    encoded = base64.b64encode(raw).decode()
    return {"dtype": tensor.dtype, "shape": list(tensor.shape), "base64": encoded}


def restored_shape(record: Path, name: str, values: Any) -> tuple[int, ...]:
    """The shape of an array that the record alone has. Raises FormatError as ``restored`` does."""
    shape = values.get("shape") if isinstance(values, dict) else None
    if (
        not isinstance(shape, list)
        or not all(type(size) is int and size >= 0 for size in shape)
        or math.prod(shape) > MOST_KEPT
    ):
        raise FormatError(record, f"the shape of the kept array {name!r} cannot be read")
    return tuple(shape)


def restored(record: Path, name: str, shape: tuple[int, ...], values: Any) -> Array:
    """The values that a record keeps. Raises FormatError for what cannot be read."""
    try:
        dtype = dtype_of(values["dtype"])
        if "value" in values:
            return np.full(shape, values["value"], dtype)
        raw = base64.b64decode(values["base64"], validate=True)
        return np.frombuffer(raw, dtype).reshape(shape)
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        raise FormatError(record, f"the kept values of the array {name!r} cannot be read") from None
