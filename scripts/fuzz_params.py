# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Fuzzes the reader of MXNet's list files: uv run --script scripts/fuzz_params.py [EXECUTIONS]"""

from __future__ import annotations

from struct import pack

from fuzzing import fuzz

V1, V2, V3 = (pack("<I", 0xF993FAC8 + n) for n in range(3))
TWO_BY_THREE = pack("<iqq", 2, 2, 3)
CPU_FLOAT32 = pack("<iii", 1, 0, 0)
VALUES = bytes(range(24))

DENSE = (
    pack("<III", 2, 2, 3) + CPU_FLOAT32 + VALUES,
    V1 + TWO_BY_THREE + CPU_FLOAT32 + VALUES,
    V2 + pack("<i", 0) + TWO_BY_THREE + CPU_FLOAT32 + VALUES,
    V3 + pack("<i", 0) + TWO_BY_THREE + CPU_FLOAT32 + VALUES,
)
ROW_SPARSE = (
    V2 + pack("<i", 1) + TWO_BY_THREE + pack("<iqq", 2, 6, 3) + CPU_FLOAT32
    + pack("<iiq", 6, 1, 2) + VALUES + pack("<qq", 4, 1)
)  # fmt: skip
CSR = (
    V2 + pack("<i", 2) + pack("<iq", 1, 3) + pack("<iqq", 2, 2, 4) + CPU_FLOAT32
    + pack("<iiq", 6, 1, 3) + pack("<iiq", 6, 1, 3)
    + VALUES[:12] + pack("<qqq", 0, 2, 3) + pack("<qqq", 3, 0, 1)
)  # fmt: skip


def params(*records: bytes) -> bytes:
    names = b"".join(pack("<Q", 1) + b"%d" % n for n in range(len(records)))
    return (
        pack("<QQQ", 0x112, 0, len(records)) + b"".join(records) + pack("<Q", len(records)) + names
    )


if __name__ == "__main__":
    fuzz([params(*DENSE), params(ROW_SPARSE), params(CSR), params(*DENSE, ROW_SPARSE, CSR)])
