# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Fuzzes the readers of .npy and .npz files: uv run --script scripts/fuzz_npz.py [EXECUTIONS]"""

from __future__ import annotations

import io
import zipfile

import numpy as np
from fuzzing import fuzz

MAGIC = b"\x93NUMPY"
W = np.arange(6, dtype=np.float32).reshape(2, 3)


def npy(array: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


def npz(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def one(content: bytes) -> bytes:
    """A sound zip whose one array has this content."""
    return npz(w=content)


def sparse(content: bytes) -> bytes:
    """A sound zip of a csr array, whose parts follow each other."""
    parts = [MAGIC + part for part in content.split(MAGIC)[1:]]
    named = zip(("data", "indices", "indptr", "shape"), parts, strict=False)
    return npz(**{f"c/{name}": part for name, part in named}, **{"c/format": npy(b"csr")})


if __name__ == "__main__":
    arrays = [W, np.asfortranarray(W), W.astype(">f8"), W > 2, np.float16(2), W[:0]]
    csr = [np.ones(3), np.array([3, 0, 1]), np.array([0, 2, 3]), np.array([2, 4])]
    joined = b"".join(map(npy, csr))
    fuzz([*map(npy, arrays), npz(w=npy(W), b=npy(W > 2)), joined], one, sparse)
