# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Looks, for as long as it may, for a file that makes a reader raise anything but FormatError.

uv run --script scripts/fuzz_params.py [CORPUS] [-max_total_time=SECONDS] [libFuzzer options]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["convert", "zipfile"]):
    from convert.formats import open_checkpoint
from mappings.errors import FormatError

FOLDER = tempfile.TemporaryDirectory()
FILE = Path(FOLDER.name) / "file"


def read_all(content: bytes) -> None:
    FILE.unlink(missing_ok=True)
    FILE.write_bytes(content)
    try:
        for tensor in open_checkpoint(FILE).tensors:
            tensor.array()
    except FormatError:
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_all)
    atheris.Fuzz()
