# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "numpy==1.23.5", "opencv-python-headless==4.10.0.84"]
# ///
"""MXNet 1.9.1 packs images as RecordIO, by hand and with its im2rec, and says what it reads back.

    uv run --script tests/mxnet_recordio.py TREE OUT

TREE is a folder of class folders. OUT gets ``NAME.rec``, ``NAME.idx`` and ``NAME.json``: id, label
and sha256 of the stored bytes of each record, as ``mx.recordio`` unpacks them.
"""

import hashlib
import json
import pathlib
import random
import struct
import subprocess
import sys

import mxnet as mx
import numpy as np

MAGIC = struct.pack("<I", 0xCED7230A)


def pack(out, name, records):
    """``records``: (key, IRHeader, bytes)."""
    writer = mx.recordio.MXIndexedRecordIO(str(out / f"{name}.idx"), str(out / f"{name}.rec"), "w")
    for key, header, data in records:
        writer.write_idx(key, mx.recordio.pack(header, data))
    writer.close()


def header(number, label):
    return mx.recordio.IRHeader(0, label, number, 0)


def main(tree, out):
    images = sorted(tree.glob("*/*"))
    datas = [path.read_bytes() for path in images]
    labels = [int(path.parent.name) for path in images]
    pack(out, "plain", [(i, header(i, labels[i]), datas[i]) for i in range(len(images))])
    order = random.Random(0).sample(range(len(images)), len(images))
    pack(out, "shuffled", [(i, header(i, labels[i]), datas[i]) for i in order])
    pack(out, "one-id", [(i, header(0, labels[i]), datas[i]) for i in range(len(images))])
    pack(
        out,
        "array-labels",
        [(i, header(2**40 + i, np.array([labels[i]])), datas[i]) for i in range(len(images))],
    )
    # dmlc-core leaves the magic number out wherever it stands at a multiple of four.
    magic = [MAGIC, MAGIC * 3, b"abcd" + MAGIC + b"xyz", b"ab" + MAGIC, MAGIC[:3], b"", b"q" * 5]
    pack(out, "magic", [(i, header(i, i % 3), data) for i, data in enumerate(magic)])
    pack(
        out,
        "magic-in-header",
        [(i, header(0xCED7230A + i * 2**32, 1), data) for i, data in enumerate(magic[:4])]
        + [(9, mx.recordio.IRHeader(0, 2.0, 7, 0xCED7230A), b"z")],
    )
    pack(out, "detection", [(0, header(0, np.array([2.0, 5.0, 1.0])), datas[0])])
    pack(out, "fraction", [(0, header(0, 0.5), datas[0])])
    pack(out, "twice", [(i, header(i // 2, 0), datas[i]) for i in range(4)])
    tool = pathlib.Path(mx.__file__).parent / "tools" / "im2rec.py"
    for arguments in (["--list", "--recursive"], ["--pass-through"]):
        subprocess.run(
            [sys.executable, str(tool), str(out / "im2rec"), str(tree), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    for path in sorted(out.glob("*.rec")):
        records, reader = [], mx.recordio.MXRecordIO(str(path), "r")
        while (record := reader.read()) is not None:
            head, data = mx.recordio.unpack(record)
            label = float(np.ravel(head.label)[0])
            records.append([head.id2 << 64 | head.id, label, hashlib.sha256(data).hexdigest()])
        path.with_suffix(".json").write_text(json.dumps(records))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
