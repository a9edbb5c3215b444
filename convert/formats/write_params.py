"""The ``.params`` writer: what MXNet 1.9.1's ``mx.nd.save`` writes, V2 records, host arrays.

(src/ndarray/ndarray.cc, NDArray::Save; the layout stands in ``params.py``.)
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convert.formats.block import dtype_of
from convert.formats.checkpoint import Array
from convert.formats.params import DENSE, DEVICES, DTYPES, MAGIC

V2 = 0xF993FAC9
CPU = DEVICES[0]


def write_params(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write named arrays in their order, without copying them.

    Raises ValueError for a dtype that MXNet does not have, OSError when the file cannot be written.
    """
    with open(path, "wb") as file:
        file.write(struct.pack("<3Q", MAGIC, 0, len(arrays)))
        for array in arrays.values():
            code = DTYPES.index(array.dtype.name)
            values = np.ascontiguousarray(array, dtype_of(array.dtype.name))
            file.write(struct.pack("<IiI", V2, DENSE, array.ndim))
            file.write(struct.pack(f"<{array.ndim}q", *array.shape))
            file.write(struct.pack("<3i", CPU, 0, code))
            file.write(values.reshape(-1).view(np.uint8).data)
        file.write(struct.pack("<Q", len(arrays)))
        for name in arrays:
            encoded = name.encode()
            file.write(struct.pack("<Q", len(encoded)) + encoded)
