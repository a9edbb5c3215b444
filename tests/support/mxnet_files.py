# /// script
# requires-python = ">=3.8,<3.12"
# dependencies = ["mxnet==1.9.1", "numpy==1.23.5"]
# ///
"""MXNet 1.9.1 writes list files of every kind, and says what it reads from them and from others.

    uv run --script tests/mxnet_files.py FOLDER

``FOLDER/written`` is made and filled; ``FOLDER/made`` holds files of somebody else's making.
Beside each file in both comes ``FILE.npz``, see mxnet_readback.py.
"""

import pathlib
import sys

import mxnet as mx
import numpy as np
from mxnet.contrib.quantization import quantize_model
from mxnet.gluon import nn
from mxnet_readback import read_back

BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
DTYPES = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")


def write(folder: pathlib.Path) -> None:
    bits = np.random.RandomState(0)

    def save(name, arrays):
        mx.nd.save(str(folder / f"{name}.params"), arrays)

    def array(dtype, shape=(3, 5)):
        """Any bits at all: NaNs with a payload, infinities, subnormal numbers, minus zero."""
        raw = np.frombuffer(bits.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), "u1")
        values = (raw % 2).astype(bool) if dtype == "bool" else raw.view(dtype)
        return mx.nd.array(values.reshape(shape), dtype=dtype)

    for dtype in DTYPES:
        save(f"dtype-{dtype}", {dtype: array(dtype)})
    halves = mx.nd.array(bits.standard_normal((3, 5)))
    save("dtype-bfloat16", {"bfloat16": mx.nd.amp_cast(halves, dtype=BFLOAT16)})
    save("ndims", {f"{n}d": array("float32", (2,) * n) for n in range(1, 8)})
    save("names", {name: array("float32") for name in ("", "arg:w", "aux:a/b", "é中 ", "x" * 300)})
    save("list", [array("float32"), array("int8", (7,))])
    save("empty-list", [])
    with mx.util.np_shape(True):
        save("np-scalars", {dtype: array(dtype, ()) for dtype in DTYPES})
        save("np-zero-size", {"a": mx.nd.zeros((2, 0, 3)), "b": array("float32")})
    rows = mx.nd.array(bits.standard_normal((6, 2, 3)))
    rows[1:4] = 0
    save("row-sparse", {"r": rows.tostype("row_sparse"), "dense after": array("float16")})
    grid = mx.nd.array(bits.standard_normal((5, 7)) > 0.8) * 1.5
    save("csr", {"c": grid.tostype("csr"), "dense after": array("float16")})
    two = mx.nd.array(bits.standard_normal((2, 3)))
    save("row-sparse-unsorted", [mx.nd.sparse.row_sparse_array((two, [4, 1]), shape=(6, 3))])
    columns = (np.ones(3), np.array([3, 0, 1]), np.array([0, 2, 3]))
    save("csr-unsorted", [mx.nd.sparse.csr_matrix(columns, shape=(2, 4))])
    settled = {"r": rows.tostype("row_sparse"), "c": grid.tostype("csr")}
    mx.nd.waitall()  # now the storage shapes are those of the stored values
    save("sparse-settled", settled)
    save("sparse-zeros", {s: mx.nd.sparse.zeros(s, (4, 3)) for s in ("row_sparse", "csr")})
    save("sparse-float64", [mx.nd.sparse.csr_matrix(np.diag([1.0, 2, 3]), dtype="float64")])
    network = nn.HybridSequential(prefix="net_")
    with network.name_scope():
        network.add(nn.Conv2D(4, 3, in_channels=3), nn.BatchNorm(in_channels=4), nn.Dense(2))
    network.initialize()
    network.hybridize()
    network(mx.nd.zeros((1, 3, 4, 4)))
    network.save_parameters(str(folder / "save-parameters.params"))
    network.collect_params().save(str(folder / "collect-params.params"))
    network.export(str(folder / "export"))
    (folder / "export-symbol.json").unlink()
    symbol = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc")
    weights = {"fc_weight": mx.nd.ones((4, 3)), "fc_bias": mx.nd.ones((4,))}
    _, rounded, _ = quantize_model(symbol, weights, {}, ctx=mx.cpu(), calib_mode="none")
    save("quantised", {f"arg:{name}": array for name, array in rounded.items()})


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    written = folder / "written"
    written.mkdir()
    write(written)
    for each in (written, folder / "made"):
        read_back(each)
    # MXNet writes a scalar so when NumPy semantics are off again, and cannot read it
    with mx.util.np_shape(True):
        scalar = mx.nd.array(2.5)
    mx.nd.save(str(folder / "scalar-v2.params"), {"scalar": scalar, "after": mx.nd.ones((2,))})


if __name__ == "__main__":
    main()
