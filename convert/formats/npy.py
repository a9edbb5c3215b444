"""One ``.npy`` array: numpy/lib/format.py, and src/serialization/cnpy.cc of MXNet 2.x."""

from __future__ import annotations

import re
from struct import Struct
from typing import Any

import numpy as np

from convert.formats.block import Block, as_tensor, dtype_of
from convert.formats.checkpoint import Checkpoint
from convert.formats.limits import MAX_NDIM, MAX_NPY_HEADER
from convert.formats.mapped import MappedFile

MAGIC = b"\x93NUMPY"
LENGTHS = {b"\1\0": Struct("<H"), b"\2\0": Struct("<I"), b"\3\0": Struct("<I")}  # by version

# A header is the text of a Python dict. All known writers spell it like this; it is not evaluated.
HEADER = re.compile(
    r"\{'descr': (.+), 'fortran_order': (True|False), "
    r"'shape': \(((?:[0-9]{1,20}L?, ?)*(?:[0-9]{1,20}L?)?)\),? ?\}\s*"
)
NUMBERS = ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")
DTYPES = {
    **{f"'|{kind}'": np.dtype(kind) for kind in ("b1", "i1", "u1")},
    **{f"'{order}{number}'": np.dtype(order + number) for order in "<>" for number in NUMBERS},
}
BFLOAT16 = "[('bfloat16', '<u2')]"  # MXNet's spelling


def read_npy(file: MappedFile) -> Checkpoint:
    """The one array of a ``.npy`` file, named "0". Raises FormatError if it is damaged."""
    block = npy_block(file, 0, file.size, "0")
    return Checkpoint(file.path, "npy", False, (as_tensor(file, "0", block),))


def npy_block(file: MappedFile, begin: int, end: int, array: str) -> Block:
    """The array of the ``.npy`` data in the bytes from ``begin`` to ``end``."""
    header, offset = npy_header(file, begin, end, array)
    match = HEADER.fullmatch(header)
    if match is None:
        what = f"the .npy header is {header[:100]!r}; expected descr, fortran_order and shape"
        raise file.damaged(what, begin, array)
    descr, fortran, dims = match.groups()
    shape = tuple(int(dim.strip(" L")) for dim in dims.split(",") if dim.strip())
    if len(shape) > MAX_NDIM:
        raise file.damaged(f"{len(shape)} dimensions; expected 0 to {MAX_NDIM}", begin, array)
    block = Block(offset, shape, _dtype(file, descr, begin, array), fortran == "True")
    block.require(file, array)
    if offset + block.nbytes != end:
        what = f"{block.dtype.name} values of shape {shape} take {block.nbytes} bytes"
        raise file.damaged(f"{what}; found {end - offset}", offset, array)
    return block


def npy_header(file: MappedFile, begin: int, end: int, array: str) -> tuple[str, int]:
    """The text of the header, and the offset of the values behind it."""
    mark = file.read(begin, min(begin + 8, end))
    length = LENGTHS.get(mark[6:])
    if length is None or mark[:6] != MAGIC:
        what = f"the array begins with {mark!r}; expected {MAGIC!r} and version 1.0, 2.0 or 3.0"
        raise file.damaged(what, begin, array)
    at = begin + 8 + length.size
    size = file.unpack(length, begin + 8)[0] if at <= end else 0
    if at + size > end or size > MAX_NPY_HEADER:
        limit = f"at most {MAX_NPY_HEADER}, all before byte {end}"
        what = f"the .npy header takes {size} bytes; expected {limit}"
        raise file.damaged(what, begin, array)
    return file.read(at, at + size).decode("latin-1"), at + size


def _dtype(file: MappedFile, descr: str, offset: int, array: str) -> np.dtype[Any]:
    if descr == BFLOAT16:
        return dtype_of("bfloat16")
    if descr in DTYPES:
        return DTYPES[descr]
    if descr == "'|O'":
        what = "the array holds pickled Python objects, which are never loaded"
    else:
        what = f"the array is of type {descr[:100]}, which no MXNet array has"
    raise file.error(f"{what}; save it again as numbers", offset, array)
