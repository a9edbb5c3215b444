"""The safetensors reader: memory-mapped, every offset checked before it is used.

Layout: u64 length of the header, the header (JSON: name -> dtype, shape, data_offsets), the data.
(huggingface/safetensors, README, "Format"; ``validate`` in tensor.rs: no holes, no overlaps.)
"""

from __future__ import annotations

import json
import math
import mmap
from pathlib import Path
from typing import Any

import numpy as np

from convert.formats.block import dtype_of
from convert.formats.checkpoint import Array, Checkpoint, Tensor
from mappings.errors import FormatError

MOST_HEADER = 100_000_000  # bytes; the library's own limit

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "BF16": "bfloat16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
}


def read_safetensors(path: Path) -> Checkpoint:
    """The tensors of a safetensors file, in the order of their data.

    Raises FormatError for anything the format does not allow.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        if size < 8:
            raise FormatError(path, f"{size} bytes are too few for a safetensors file")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    length = int.from_bytes(data[:8], "little")
    if length > min(size - 8, MOST_HEADER):
        raise FormatError(path, f"a header of {length} bytes in a file of {size}", offset=0)
    try:
        header = json.loads(data[8 : 8 + length].decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise FormatError(path, f"the header is no valid JSON ({error})", offset=8) from None
    if not isinstance(header, dict):
        raise FormatError(path, "the header is no JSON object", offset=8)
    header.pop("__metadata__", None)
    entries = sorted(
        (_entry(path, name, entry) for name, entry in header.items()), key=lambda e: (e[3], e[4])
    )
    begin = 8 + length
    place = 0
    tensors = []
    for name, dtype, shape, start, end in entries:
        if start != place:
            raise FormatError(
                path, f"data begins at {start}, expected {place}: a hole or an overlap", array=name
            )
        if begin + end > size:
            raise FormatError(
                path,
                f"data ends at byte {begin + end}, the file at {size}: it is truncated",
                array=name,
            )
        tensors.append(_tensor(data, name, dtype, shape, begin + start))
        place = end
    if begin + place != size:
        raise FormatError(
            path, f"{size - begin - place} bytes after the last tensor", offset=begin + place
        )
    return Checkpoint(path, "safetensors", True, tuple(tensors))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name stands twice")
    return entries


def _entry(path: Path, name: str, entry: Any) -> tuple[str, str, tuple[int, ...], int, int]:
    match entry:
        case {"dtype": str(code), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            raise FormatError(path, "the entry lacks dtype, shape or data_offsets", array=name)
    if code not in _DTYPES:
        raise FormatError(path, f"dtype {code!r} is not supported", array=name)
    if not all(type(n) is int and n >= 0 for n in [*shape, start, end]):
        raise FormatError(path, "a size or an offset is no natural number", array=name)
    wanted = math.prod(shape) * dtype_of(_DTYPES[code]).itemsize
    if end - start != wanted:
        raise FormatError(
            path, f"{end - start} bytes for {code} {tuple(shape)}, expected {wanted}", array=name
        )
    return name, _DTYPES[code], tuple(shape), start, end


def _tensor(
    data: mmap.mmap, name: str, dtype: str, shape: tuple[int, ...], offset: int
) -> Tensor:
    def load() -> Array:
        return np.ndarray(shape, dtype_of(dtype), data, offset)

    return Tensor(name, shape, dtype, "dense", offset, load)
