"""Writes list files of every version, a function for each structure, so that any field can lie.

Format: src/ndarray/ndarray.cc of MXNet. Written for the tests, independently of the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack
from typing import Any

import numpy as np

CODES = {
    "float32": 0, "float64": 1, "float16": 2, "uint8": 3, "int32": 4, "int8": 5, "int64": 6,
    "bool": 7, "int16": 8, "uint16": 9, "uint32": 10, "uint64": 11, "bfloat16": 12,
}  # fmt: skip
MARKS = {1: pack("<I", 0xF993FAC8), 2: pack("<I", 0xF993FAC9), 3: pack("<I", 0xF993FACA)}
NONE = {
    "v0": pack("<I", 0),
    "v1": MARKS[1] + pack("<i", 0),
    "v3": MARKS[3] + pack("<ii", 0, -1),
    "v3-dim": MARKS[3] + pack("<iiqq", 0, 2, 5, -1),
}


def params(
    records: Sequence[bytes],
    names: Sequence[str | bytes] = (),
    *,
    magic: int = 0x112,
    reserved: int = 0,
    count: int | None = None,
    name_count: int | None = None,
) -> bytes:
    """A list file; ``count`` and ``name_count`` default to the truth."""
    return b"".join(
        (
            pack("<QQQ", magic, reserved, len(records) if count is None else count),
            *records,
            pack("<Q", len(names) if name_count is None else name_count),
            *(name_field(name) for name in names),
        )
    )


def name_field(name: str | bytes, length: int | None = None) -> bytes:
    encoded = name.encode() if isinstance(name, str) else name
    return pack("<Q", len(encoded) if length is None else length) + encoded


def shape_field(dims: Sequence[int], ndim: int | None = None) -> bytes:
    return pack("<i", len(dims) if ndim is None else ndim) + pack(f"<{len(dims)}q", *dims)


def head(
    version: int,
    dims: Sequence[int],
    *,
    ndim: int | None = None,
    storage: int = 0,
    context: tuple[int, int] = (1, 0),
    code: int = 0,
) -> bytes:
    """A dense record up to its values."""
    if version == 0:
        shape = pack("<I", len(dims) if ndim is None else ndim) + pack(f"<{len(dims)}I", *dims)
    else:
        kind = pack("<i", storage) if version > 1 else b""
        shape = MARKS[version] + kind + shape_field(dims, ndim)
    return shape + pack("<iii", *context, code)


def dense(array: np.ndarray[Any, Any], version: int = 2, **lies: Any) -> bytes:
    """The record of ``array``; its values are little-endian as they stand in memory."""
    code = CODES[array.dtype.name]
    return head(version, array.shape, **{"code": code, **lies}) + array.tobytes()


def sparse(
    storage: int,
    shape: Sequence[int],
    values: np.ndarray[Any, Any],
    aux: Sequence[np.ndarray[Any, Any]],
    *,
    claimed: Sequence[int] | None = None,
    aux_shapes: Sequence[bytes] | None = None,
    aux_codes: Sequence[int] | None = None,
) -> bytes:
    """A row_sparse (1; aux: indices) or csr (2; aux: indptr, indices) record."""
    shapes = aux_shapes or [shape_field(array.shape) for array in aux]
    codes = aux_codes or [CODES[array.dtype.name] for array in aux]
    return b"".join(
        (
            MARKS[2] + pack("<i", storage),
            shape_field(values.shape if claimed is None else claimed),
            shape_field(shape),
            pack("<iii", 1, 0, CODES[values.dtype.name]),
            *(pack("<i", code) + field for code, field in zip(codes, shapes, strict=True)),
            values.tobytes(),
            *(array.tobytes() for array in aux),
        )
    )


def row_sparse(
    shape: Sequence[int] = (6, 2), indices: Sequence[int] = (1, 4), **lies: Any
) -> bytes:
    rows = np.array(indices, "int64")
    values = lies.pop("values", np.ones((len(rows), *shape[1:]), "float32"))
    return sparse(1, shape, values, (rows,), **lies)


def csr(
    shape: Sequence[int] = (3, 4),
    indptr: Sequence[int] = (0, 2, 2, 3),
    indices: Sequence[int] = (0, 2, 1),
    **lies: Any,
) -> bytes:
    values = lies.pop("values", np.ones(len(indices), "float32"))
    return sparse(2, shape, values, (np.array(indptr, "int64"), np.array(indices, "int64")), **lies)
