# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Fuzzes the readers of safetensors and of an index of shards:
uv run --script scripts/fuzz_safetensors.py [EXECUTIONS]
"""

from __future__ import annotations

from fuzzing import fuzz

ENTRY = b'"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'
HEADERS = (
    b'{"__metadata__":{"format":"pt"},' + ENTRY % (b"a", b"F32", b"2,3", 0, 24) + b"}",
    b"{" + ENTRY % (b"a", b"BF16", b"", 0, 2) + b"," + ENTRY % (b"b", b"BOOL", b"22", 2, 24) + b"}",
    b"{" + ENTRY % (b"a", b"I64", b"0,3", 0, 0) + b"," + ENTRY % (b"b", b"U8", b"24", 0, 24) + b"}",
)
INDEX = b'{"metadata":{"total_size":24},"weight_map":{"a":"file","b":"other.safetensors"}}'


def with_header(header: bytes) -> bytes:
    """A file whose header this is, of the length that it says, before 24 bytes of values."""
    return len(header).to_bytes(8, "little") + header + bytes(24)


if __name__ == "__main__":
    fuzz([*HEADERS, *map(with_header, HEADERS), INDEX], with_header)
