"""The ``.params`` list file of MXNet 0.x and 1.x (src/ndarray/ndarray.cc, NDArray::Save and Load).

Little-endian, packed, without padding or checksum:

    u64 0x112, u64 0, u64 N, N array records, u64 K (0 or N), K x (u64 length, UTF-8 name)

The first u32 of a record tells its version; then come (a shape is i32 ndim, i64 dims[ndim])

    V0  ndim itself                        u32 dims[ndim], context, dtype, values
    V1  F993FAC8                           shape, context, dtype, values
    V2  F993FAC9  i32 storage, [sparse: storage shape], shape, context, dtype,
                  [sparse: (i32 dtype, shape) of each index array], values, [index arrays]
    V3  F993FACA  as V2, never sparse; written under NumPy shape semantics

A record ends after its shape if the shape means "none", an array without values: no dimensions in
V0 and V1, an unknown (-1) number of dimensions or dimension in V3. In V2 and V3 no dimensions mean
a scalar. (MXNet 1.9.1 reads V0 and V1 as scalars and V2 as none, and so misreads its own files.)
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import numpy as np

from convert.formats.block import Block, Nothing, Stored, as_tensor, dtype_of
from convert.formats.checkpoint import Checkpoint
from convert.formats.limits import MAX_ARRAYS, MAX_NDIM
from convert.formats.mapped import MappedFile
from convert.formats.sparse import Csr, RowSparse
from mappings.errors import FormatError
from mappings.words import counted

MAGIC = 0x112
VERSIONS = {0xF993FAC8: 1, 0xF993FAC9: 2, 0xF993FACA: 3}
DTYPES = (  # by code: 3rdparty/mshadow/mshadow/base.h, TypeFlag
    "float32", "float64", "float16", "uint8", "int32", "int8", "int64",
    "bool", "int16", "uint16", "uint32", "uint64", "bfloat16",
)  # fmt: skip
DENSE, ROW_SPARSE, CSR = 0, 1, 2  # include/mxnet/ndarray.h, NDArrayStorageType
DEVICES = (1, 2, 3, 5)  # cpu, gpu, pinned, shared: include/mxnet/base.h, DeviceType

U32, I32, U64, I64 = Struct("<I"), Struct("<i"), Struct("<Q"), Struct("<q")


def read_params(file: MappedFile) -> Checkpoint:
    """The arrays of a list file. Raises FormatError if any part of the file is damaged."""
    return _Reader(file).checkpoint()


class _Reader:
    """Reads the file front to back, with one method for each of its structures. Its state is the
    position, the array that it is reading (for messages), and the newest version so far."""

    def __init__(self, file: MappedFile) -> None:
        self.file = file
        self.at = 0
        self.array: str | None = None  # its position in the list: the names come last in the file
        self.version = 0

    def checkpoint(self) -> Checkpoint:
        self.header()
        arrays = self.arrays()
        names = self.names(len(arrays))
        if left := self.file.size - self.at:
            raise self.damaged(f"{left} bytes follow the last name; expected none", self.at)
        called = names or map(str, range(len(arrays)))
        tensors = tuple(as_tensor(self.file, *pair) for pair in zip(called, arrays, strict=True))
        return Checkpoint(self.file.path, f"params-v{self.version}", bool(names), tensors)

    def header(self) -> None:
        if (magic := self.number(U64, "the list mark")) != MAGIC:
            raise self.damaged(f"the list mark is {magic:#x}; expected {MAGIC:#x}", 0)
        if (reserved := self.number(U64, "the reserved field")) != 0:
            raise self.damaged(f"the reserved field is {reserved:#x}; expected 0", 8)

    def arrays(self) -> list[Stored]:
        count = self.number(U64, "the number of arrays")
        self.file.require(f"a list of {count} arrays", self.at, U32.size * count, None)
        if count > MAX_ARRAYS:
            raise self.damaged(f"{count} arrays; expected at most {MAX_ARRAYS}", self.at - 8)
        arrays = []
        for position in range(1, count + 1):
            self.array = f"{position} of {count}"
            arrays.append(self.record())
        self.array = None
        return arrays

    def record(self) -> Stored:
        at = self.at
        mark = self.number(U32, "the record's version")
        version = VERSIONS.get(mark, 0)
        self.version = max(self.version, version)
        if version >= 2:
            return self.typed_record(at, version)
        if version == 0 and mark > MAX_NDIM:
            expected = f"a version mark, or 0 to {MAX_NDIM} dimensions"
            raise self.damaged(f"the array begins with {mark:#x}; expected {expected}", at)
        shape = self.shape() if version else self.dims(U32, mark, at)
        return self.block(shape, self.context_and_dtype()) if shape else Nothing(at)

    def typed_record(self, at: int, version: int) -> Stored:
        """The rest of a V2 or V3 record, which begins at ``at``."""
        storage = self.number(I32, "the storage type")
        if storage not in (DENSE, ROW_SPARSE, CSR) or (version == 3 and storage != DENSE):
            expected = "0 (dense)" if version == 3 else "0 (dense), 1 (row_sparse) or 2 (csr)"
            what = f"the storage type of a V{version} array is {storage}; expected {expected}"
            raise self.damaged(what, self.at - 4)
        if storage != DENSE:
            return self.sparse(storage)
        shape = self.shape_or_none() if version == 3 else self.shape()
        return Nothing(at) if shape is None else self.block(shape, self.context_and_dtype())

    def sparse(self, storage: int) -> Stored:
        """The rest of a sparse record.

        The index arrays say how many values there are. MXNet writes the storage shape before the
        operation that makes the values has ended, and good files have a 0 there.
        """
        at = self.at
        claimed = self.shape()
        shape = self.shape()
        dtype = self.context_and_dtype()
        if storage == ROW_SPARSE:
            index_dtype, count = self.dtype(), self.shape()
            values = self.block(count + shape[1:], dtype)
            array: RowSparse | Csr = RowSparse(shape, values, self.block(count, index_dtype))
        else:
            pointer_dtype, pointers = self.dtype(), self.shape()
            index_dtype, count = self.dtype(), self.shape()
            values = self.block(count, dtype)
            indptr = self.block(pointers, pointer_dtype)
            array = Csr(shape, values, indptr, self.block(count, index_dtype))
        array.require(self.file, self.array)
        if claimed not in (values.shape, (0, *values.shape[1:])):
            what = f"the storage shape is {claimed}; expected {values.shape}, as the indices say"
            raise self.damaged(what, at)
        return array

    def block(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Block:
        block = Block(self.at, shape, dtype)
        block.require(self.file, self.array)
        self.at += block.nbytes
        return block

    def shape(self) -> tuple[int, ...]:
        at = self.at
        shape = self.shape_or_none()
        if shape is None:
            raise self.damaged("the shape is unknown (-1); expected a known one", at)
        return shape

    def shape_or_none(self) -> tuple[int, ...] | None:
        """The shape; None if MXNet did not know it: -1 for ndim or for a dimension."""
        at = self.at
        ndim = self.number(I32, "the number of dimensions")
        if ndim == -1:
            return None
        dims = self.dims(I64, ndim, at)
        if min(dims, default=0) < -1:
            raise self.damaged(f"the shape is {dims}; expected no dimension below 0", at)
        return None if -1 in dims else dims

    def dims(self, kind: Struct, ndim: int, at: int) -> tuple[int, ...]:
        if not 0 <= ndim <= MAX_NDIM:
            raise self.damaged(f"{ndim} dimensions; expected 0 to {MAX_NDIM}", at)
        return tuple(self.number(kind, f"dimension {i + 1} of {ndim}") for i in range(ndim))

    def context_and_dtype(self) -> np.dtype[Any]:
        """The dtype. The device is checked only to find damage: the values are in host memory."""
        device, number = self.number(I32, "the device type"), self.number(I32, "the device number")
        if device not in DEVICES or number < 0:
            what = f"the device is of type {device}, number {number}; expected type 1, 2, 3 or 5"
            raise self.damaged(what, self.at - 8)
        return self.dtype()

    def dtype(self) -> np.dtype[Any]:
        code = self.number(I32, "the dtype code")
        if not 0 <= code < len(DTYPES):
            what = f"the dtype code is {code}; expected 0 ({DTYPES[0]}) to 12 ({DTYPES[12]})"
            raise self.damaged(what, self.at - 4)
        return dtype_of(DTYPES[code])

    def names(self, arrays: int) -> list[str]:
        count = self.number(U64, "the number of names")
        if count not in (0, arrays):
            what = f"{counted(count, 'name')} for {counted(arrays, 'array')}"
            raise self.damaged(f"{what}; expected one each, or none at all", self.at - 8)
        names: dict[str, None] = {}
        for position in range(1, count + 1):
            at = self.at
            name = self.name(f"name {position} of {count}")
            if name in names:
                raise self.damaged(f"name {position} of {count} occurs twice", at, name)
            names[name] = None
        return list(names)

    def name(self, which: str) -> str:
        length = self.number(U64, f"the length of {which}")
        at = self.take(which, length)
        try:
            name = self.file.read(at, self.at).decode()
        except UnicodeDecodeError as error:
            what = f"{which} is not UTF-8: {error.reason}"
            raise self.damaged(what, at + error.start) from error
        if "\0" in name:
            raise self.damaged(f"{which} contains a NUL byte", at + name.encode().index(0))
        return name

    def number(self, kind: Struct, what: str) -> int:
        value: int = self.file.unpack(kind, self.take(what, kind.size))[0]
        return value

    def take(self, what: str, size: int) -> int:
        """Step over ``size`` bytes, which the file must hold, and return where they begin."""
        at = self.at
        self.file.require(what, at, size, self.array)
        self.at += size
        return at

    def damaged(self, what: str, offset: int, array: str | None = None) -> FormatError:
        return self.file.damaged(what, offset, self.array if array is None else array)
