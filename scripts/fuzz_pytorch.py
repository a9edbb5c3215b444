# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Fuzzes the readers of PyTorch's checkpoints, the zip and the older layout:
uv run --script scripts/fuzz_pytorch.py [EXECUTIONS]
"""

from __future__ import annotations

import io
import pickle
import zipfile

from fuzzing import fuzz

STORAGE = (
    b"(X\x07\0\0\0storageq\x03ctorch\nFloatStorage\nq\x04X\1\0\0\0000q\x05"
    b"X\3\0\0\0cpuq\x06K\x06tq\x07Q"
)
TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\nq\x02("
    + STORAGE
    + b"K\0K\x02K\x03\x86q\x08K\x03K\x01\x86q\x09"
    b"\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0d"
)
NAMED = b"X\1\0\0\0wq\x01" + TENSOR
STATE = b"\x80\x02}q\0" + NAMED + b"s."
WRAPPED = b"\x80\x02}q\0X\x0a\0\0\0state_dictq\x0e}q\x0f" + NAMED + b"ssX\5\0\0\0epochK\3s."
LISTED = b"\x80\x02]q\0" + TENSOR + b"a."
TRANSPOSED = STATE.replace(b"K\x02K\x03\x86q\x08K\x03K\x01", b"K\x03K\x02\x86q\x08K\x01K\x03")
MAGIC = 0x1950A86A20F9469CFC6C


def zipped(stored: bytes) -> bytes:
    """A sound zip whose pickle this is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", stored)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", bytes(range(24)))
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def legacy(stored: bytes) -> bytes:
    """The older layout around this pickle."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    before = b"".join(pickle.dumps(value, 2) for value in (MAGIC, 1001, system))
    return before + stored + pickle.dumps(["0"], 2) + (6).to_bytes(8, "little") + bytes(range(24))


if __name__ == "__main__":
    stored = [STATE, WRAPPED, LISTED, TRANSPOSED]
    fuzz([*stored, zipped(STATE), legacy(STATE)], zipped, legacy)
