# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "click>=8.2", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Looks for a data set that makes a reader raise anything but DatasetError or FormatError.

uv run --script scripts/fuzz_datasets.py [CORPUS] [-runs=EXECUTIONS] [libFuzzer options]

The first byte says what the rest is: a tar archive, RecordIO, the development kit's map_clsloc.txt,
a labels file, an .idx, or a pattern.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["verify.datasets"]):
    from verify.datasets import open_dataset
    from verify.datasets.devkit import GROUND_TRUTH

from architectures import find_model
from mappings.errors import GluonportError

MODEL = find_model("gluon_resnext50_32x4d")
KINDS = ("a.tar", "a.rec", "map_clsloc.txt", "labels.txt", "a.idx", "pattern")
RECORD = bytes.fromhex("0a23d7ce 1c000000 00000000 00000000") + bytes(16) + b"JPEG"

FOLDER = tempfile.TemporaryDirectory()
ROOT = Path(FOLDER.name)
(ROOT / "images").mkdir()
(ROOT / "images" / "ILSVRC2012_val_00000001.JPEG").write_bytes(b"image")


def read_all(content: bytes) -> None:
    kind = KINDS[content[0] % len(KINDS)] if content else KINDS[0]
    for name in KINDS:
        (ROOT / name).unlink(missing_ok=True)
    (ROOT / GROUND_TRUTH).write_text("1\n")
    (ROOT / "a.rec").write_bytes(RECORD)
    data: Path | str = ROOT / "images"
    labels: Path | None = None
    if kind == "pattern":
        data = str(
            ROOT / content[1:].decode("utf-8", "surrogateescape").lstrip("/").replace("..", "")
        )
    else:
        (ROOT / kind).write_bytes(content[1:])
        if kind.startswith("a."):
            data = ROOT / ("a.rec" if kind == "a.idx" else kind)
        else:
            labels = ROOT / ("labels.txt" if kind == "labels.txt" else GROUND_TRUTH)
    try:
        dataset = open_dataset(data, labels=labels, model=MODEL)
        for k in range(len(dataset)):
            assert len(dataset.read(k)) == dataset.entries[k].size
    except GluonportError as error:
        assert "\n" not in str(error)


if __name__ == "__main__":
    atheris.Setup(sys.argv, read_all)
    atheris.Fuzz()
