# /// script
# requires-python = ">=3.8,<3.12"
# dependencies = ["mxnet==2.0.0b1", "numpy==1.23.5"]
# ///
"""MXNet 2.0 beta writes .npz and .npy files of every kind, and says what it reads from them.

    uv run --script tests/mxnet2_files.py FOLDER

``FOLDER`` is filled; it may hold list files (.params) of somebody else's making. Beside each file
comes ``FILE.npz``, see mxnet_readback.py.
"""

import pathlib
import sys

import mxnet as mx
import numpy as np
from mxnet import npx
from mxnet.gluon import nn
from mxnet_readback import read_back

BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
DTYPES = (
    *("float32", "float64", "float16", "bool", "int8", "int16", "int32", "int64"),
    *("uint8", "uint16", "uint32", "uint64"),
)


def write(folder: pathlib.Path) -> None:
    bits = np.random.RandomState(0)

    def array(dtype, shape=(3, 5)):
        raw = np.frombuffer(bits.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), "u1")
        values = (raw % 2).astype(bool) if dtype == "bool" else raw.view(dtype)
        return mx.np.array(values.reshape(shape), dtype=dtype)

    def save(name, arrays):
        npx.savez(str(folder / name), **arrays)

    save("dtypes", {dtype: array(dtype) for dtype in DTYPES})
    save("names", {name: array("float32") for name in ("", "arg:w", "a/b", "é中", "x" * 300)})
    save("ndims", {f"{n}d": array("float32", (2,) * n) for n in range(8)})
    save("zero-size", {"a": mx.np.zeros((2, 0, 3))})
    npx.savez(str(folder / "numbered"), array("float32"), array("int8"))
    rows = mx.nd.array(bits.standard_normal((6, 2)))
    rows[1:4] = 0
    sparse = {"r": rows.tostype("row_sparse"), "c": rows.tostype("csr"), "dense": rows}
    mx.nd.waitall()
    save("sparse", sparse)
    save("sparse-zeros", {s: mx.nd.sparse.zeros(s, (4, 3)) for s in ("row_sparse", "csr")})
    npx.save(str(folder / "one"), array("float32"))
    npx.save(str(folder / "scalar"), array("float64", ()))
    network = nn.HybridSequential()
    network.add(nn.Conv2D(4, 3, in_channels=3), nn.BatchNorm(in_channels=4), nn.Dense(2))
    network.initialize()
    network.hybridize()
    network(mx.np.zeros((1, 3, 4, 4)))
    network.save_parameters(str(folder / "save-parameters.params"))
    network.export(str(folder / "export"))
    (folder / "export-symbol.json").unlink()


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    write(folder)
    mx.npx.reset_np()
    read_back(folder)
    # what MXNet writes so and cannot read
    exact = mx.nd.array([1, -2.5, 3e38, float("inf")])
    narrow = mx.nd.amp_cast(exact, dtype=BFLOAT16)
    npx.savez(str(folder / "bfloat16"), exact=exact, narrow=narrow)
