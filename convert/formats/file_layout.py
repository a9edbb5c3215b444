"""What a file of tensors consists of, piece by piece, before a byte of it is written."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path

from convert.formats.given_values import Values
from convert.formats.params import DENSE, DEVICES, DTYPES, MAGIC
from convert.formats.safetensors import DTYPES as SAFETENSORS

Layout = list[bytes | str]
"""The pieces of a file in their order: bytes, or the name of the tensor whose values come next."""

CODES = {name: code for code, name in SAFETENSORS.items()}
ORDER = "BOOL U8 I8 I16 U16 F16 BF16 I32 U32 F32 F64 I64 U64".split()
"""The library's order of types; a file has it backwards."""
ALIGNMENT = 8  # of the values, in bytes
METADATA = {"format": "pt"}
V2 = 0xF993FAC9
CPU = DEVICES[0]


def layout(path: Path, arrays: Mapping[str, Values]) -> Layout:
    """The pieces of a file whose format is that of its name: ``.params``, else safetensors.

    Raises ValueError for a dtype that the format does not have.
    """
    return (params_layout if path.suffix == ".params" else safetensors_layout)(arrays)


def safetensors_layout(arrays: Mapping[str, Values]) -> Layout:
    """The very bytes that the safetensors library writes: the widest dtype first, then by name.

    (huggingface/safetensors, tensor.rs: ``prepare``, and the order of ``Dtype``.)
    """
    if unknown := [v.dtype.name for v in arrays.values() if v.dtype.name not in CODES]:
        raise ValueError(f"safetensors has no values of type {unknown[0]}")
    names = sorted(arrays, key=lambda name: (-_rank(arrays[name]), name.encode()))
    header: dict[str, object] = {"__metadata__": METADATA}
    end = 0
    for name in names:
        values = arrays[name]
        start, end = end, end + prod(values.shape) * values.dtype.itemsize
        header[name] = {
            "dtype": CODES[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return [struct.pack("<Q", len(text)) + text, *names]


def _rank(values: Values) -> int:
    return ORDER.index(CODES[values.dtype.name])


def params_layout(arrays: Mapping[str, Values]) -> Layout:
    """What MXNet 1.9.1's ``mx.nd.save`` writes: V2 records of arrays of the host, in their order.

    (src/ndarray/ndarray.cc, NDArray::Save; the layout stands in ``params.py``.)
    """
    pieces: Layout = [struct.pack("<3Q", MAGIC, 0, len(arrays))]
    for name, values in arrays.items():
        code = DTYPES.index(values.dtype.name)
        dimensions = len(values.shape)
        head = struct.pack("<IiI", V2, DENSE, dimensions)
        head += struct.pack(f"<{dimensions}q", *values.shape) + struct.pack("<3i", CPU, 0, code)
        pieces += [head, name]
    encoded = [name.encode() for name in arrays]
    names = b"".join(struct.pack("<Q", len(name)) + name for name in encoded)
    pieces.append(struct.pack("<Q", len(arrays)) + names)
    return pieces
