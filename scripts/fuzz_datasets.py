# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#   "atheris>=2.3",
#   "click>=8.2",
#   "google-crc32c>=1.7",
#   "ml-dtypes>=0.5",
#   "numpy>=2.0",
#   "zstandard>=0.24",
# ]
# ///
"""Looks for a data set that makes a reader raise anything but DatasetError or FormatError.

uv run --script scripts/fuzz_datasets.py [EXECUTIONS] [libFuzzer options]

The first byte of an input says what the rest is, by its place in ``KINDS``. It starts from seeds of
its own.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris
import zstandard
from fuzzing import start

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["verify.datasets", "convert.formats.tar_headers"]):
    from verify.datasets import open_dataset
    from verify.datasets.devkit import GROUND_TRUTH
    from verify.datasets.tfrecord import masked_crc32c

from architectures import find_model
from mappings.errors import GluonportError

DIGITS, IMAGENET = map(find_model, ("gluon_seresnext8_digits", "gluon_resnext50_32x4d"))
IMAGE = "ILSVRC2012_val_00000001_n01440764.JPEG"
RECORD = bytes.fromhex("0a23d7ce 1c000000 00000000 00000000") + bytes(16) + b"JPEG"
SHARD = struct.pack("<3I", 1, 12, 40) + struct.pack("<3I", 4, 4, 8) + b"a.pngJPEG"[1:] + bytes(8)
FIXED = struct.pack("<3I", 1, 12, 36) + struct.pack("<2I", 4, 4) + b"a.pn" + b"JPEG" + bytes(8)


def field(number: int, data: bytes) -> bytes:
    """A field of bytes in a protocol buffer."""
    return bytes([number << 3 | 2, len(data)]) + data


def feature(name: str, kind: int, value: bytes) -> bytes:
    return field(1, field(1, name.encode()) + field(2, field(kind, field(1, value))))


EXAMPLE = field(1, feature("image", 1, b"JPEG") + feature("label", 3, b"\1"))

Laid = tuple[Path | str, Path | None]
"""The data set that an input became, and its labels."""


def named(name: str) -> Callable[[Path, bytes], Laid]:
    """The input is a file of that name."""

    def lay(root: Path, content: bytes) -> Laid:
        (root / name).write_bytes(content)
        return root / name, None

    return lay


def labels(name: str) -> Callable[[Path, bytes], Laid]:
    """The input is the labels of one image."""

    def lay(root: Path, content: bytes) -> Laid:
        (root / "images").mkdir()
        (root / "images" / IMAGE).write_bytes(b"image")
        (root / GROUND_TRUTH).write_text("1\n")
        (root / name).write_bytes(content)
        return root / "images", root / ("labels.txt" if name == "labels.txt" else GROUND_TRUTH)

    return lay


def offsets(root: Path, content: bytes) -> Laid:
    """The input is the .idx beside a .rec."""
    (root / "a.rec").write_bytes(RECORD)
    (root / "a.idx").write_bytes(content)
    return root / "a.rec", None


def pattern(root: Path, content: bytes) -> Laid:
    """The input is the pattern that names the data set."""
    text = content.decode("utf-8", "surrogateescape").lstrip("/").replace("..", "")
    return str(root / text), None


def record(root: Path, content: bytes) -> Laid:
    """The input is a record of a TFRecord file, which has its checksums."""
    size = struct.pack("<Q", len(content))
    checks = (struct.pack("<I", masked_crc32c(part)) for part in (size, content))
    (root / "a.tfrecord").write_bytes(size + next(checks) + content + next(checks))
    return root / "a.tfrecord", None


def mds_index(samples: int, size: int, packed: bool) -> str:
    shard = {
        "column_names": ["filename", "image", "label"],
        "column_encodings": ["str", "bytes", "int"],
        "column_sizes": [None, None, 8],
        "compression": "zstd" if packed else None,
        "format": "mds",
        "version": 2,
        "samples": samples,
        "raw_data": {"basename": "shard.00000.mds", "bytes": size, "hashes": {}},
        "zip_data": {"basename": "shard.00000.mds.zstd"} if packed else None,
    }
    return json.dumps({"version": 2, "shards": [shard]})


def mds(root: Path, content: bytes) -> Laid:
    """The input is an MDS shard, whose index says of it what it says itself."""
    (root / "shard.00000.mds").write_bytes(content)
    samples = int.from_bytes(content[:4], "little")
    (root / "index.json").write_text(mds_index(samples, len(content), False))
    return root, None


def packed_mds(root: Path, content: bytes) -> Laid:
    """The input is a packed MDS shard."""
    (root / "shard.00000.mds.zstd").write_bytes(content)
    (root / "index.json").write_text(mds_index(1, len(FIXED), True))
    return root, None


def lit_index(samples: int, size: int) -> str:
    leaf = {"type": None, "context": None, "children_spec": []}
    names = json.dumps(["filename", "image", "label"])
    tree = {"type": "builtins.dict", "context": names, "children_spec": [leaf] * 3}
    config = {
        "compression": None,
        "data_format": ["str", "bytes", "int"],
        "data_spec": json.dumps([1, tree]),
        "encryption": None,
        "item_loader": "PyTreeLoader",
    }
    chunk = {"chunk_bytes": size, "chunk_size": samples, "filename": "chunk-0-0.bin"}
    return json.dumps({"chunks": [chunk], "config": config})


def lit(root: Path, content: bytes) -> Laid:
    """The input is a LitData chunk, whose index says of it what it says itself."""
    (root / "chunk-0-0.bin").write_bytes(content)
    samples = int.from_bytes(content[:4], "little")
    (root / "index.json").write_text(lit_index(samples, len(content)))
    return root, None


def index_of(name: str, data: bytes) -> Callable[[Path, bytes], Laid]:
    """The input is the index of a shard or a chunk."""

    def lay(root: Path, content: bytes) -> Laid:
        (root / name).write_bytes(data)
        (root / "index.json").write_bytes(content)
        return root, None

    return lay


def shards_info(root: Path, content: bytes) -> Laid:
    """The input is the _info.json beside a WebDataset shard."""
    (root / "val-00.tar").write_bytes(archive("a.jpg", "a.cls"))
    (root / "_info.json").write_bytes(content)
    return root, None


def archive(*names: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as made:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 2
            made.addfile(member, io.BytesIO(b"1\n"))
    return data.getvalue()


INFO = {"splits": {"validation": {"filenames": ["val-00.tar"], "shard_lengths": [1]}}}
KINDS: tuple[tuple[Callable[[Path, bytes], Laid], bytes], ...] = (
    (named("a.tar"), archive(*(f"{k}/{k}.jpg" for k in range(10)))),
    (named("a.tar"), archive("a.jpg", "a.cls", "b.jpg", "b.cls")),
    (named("a.rec"), RECORD),
    (offsets, b"0\t0\n"),
    (labels("map_clsloc.txt"), b"n01440764 1 tench\n"),
    (labels("labels.txt"), f"{IMAGE} 1\n".encode()),
    (pattern, b"a-{0,1}[2-3]?*.tar"),
    (named("a.tfrecord"), b""),
    (record, EXAMPLE),
    (mds, FIXED),
    (packed_mds, zstandard.compress(FIXED)),
    (lit, SHARD),
    (index_of("shard.00000.mds", FIXED), mds_index(1, len(FIXED), False).encode()),
    (index_of("chunk-0-0.bin", SHARD), lit_index(1, len(SHARD)).encode()),
    (shards_info, json.dumps(INFO).encode()),
)
"""What the input may be, with a seed."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, corpus = Path(folder, "set"), Path(folder, "corpus")
        corpus.mkdir()
        for number, (_, seed) in enumerate(KINDS):
            (corpus / f"{number}").write_bytes(bytes([number]) + seed)

        def read_all(content: bytes) -> None:
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            lay, _ = KINDS[content[0] % len(KINDS) if content else 0]
            data, given = lay(root, content[1:])
            try:
                dataset = open_dataset(data, labels=given, model=IMAGENET if given else DIGITS)
                for k in range(len(dataset)):
                    assert len(dataset.read(k)) == dataset.entries[k].size
            except GluonportError as error:
                assert "\n" not in str(error)

        start(read_all, corpus, 16384)


if __name__ == "__main__":
    main()
