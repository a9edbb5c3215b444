"""RecordIO as real MXNet and its im2rec write it, and as nobody should."""

import hashlib
import json
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset

SCRIPT = Path(__file__).parent / "support" / "mxnet_recordio.py"
SCANS = Path(__file__).parents[1] / "architectures/samples/gluon_seresnext8_digits.tar"
DIGITS = find_model("gluon_seresnext8_digits")
MAGIC = struct.pack("<I", 0xCED7230A)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that MXNet wrote of three scans of each digit, and what it reads back from them."""
    folder = tmp_path_factory.mktemp("recordio")
    tree, out = folder / "tree", folder / "out"
    out.mkdir()
    with tarfile.open(SCANS) as tar:
        for digit in range(10):
            names = [name for name in tar.getnames() if name.startswith(f"{digit}/")]
            tar.extractall(tree, [tar.getmember(name) for name in names[:3]], filter="data")
    command = ["uv", "run", "--quiet", "--script", SCRIPT, tree, out]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.mark.parametrize(
    "name",
    ["plain", "shuffled", "one-id", "array-labels", "magic", "magic-in-header", "im2rec"],
)
def test_images_and_labels_are_those_that_mxnet_reads(packed: Path, name: str) -> None:
    records = json.loads((packed / f"{name}.json").read_text())
    dataset = open_dataset(packed / f"{name}.rec", model=DIGITS)
    found = [
        (entry.id, entry.label, hashlib.sha256(dataset.read(i)).hexdigest())
        for i, entry in enumerate(dataset.entries)
    ]
    assert dataset.kind == "MXNet RecordIO"
    if name == "one-id":  # then the order says which is which
        records = [[order, *rest] for order, (_, *rest) in enumerate(records)]
    assert found == sorted(
        (f"{number:08}", int(label), digest) for number, label, digest in records
    )
    assert all(entry.size == len(dataset.read(i)) for i, entry in enumerate(dataset.entries))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("twice", "'00000000' occurs twice"),
        ("detection", "3 labels for one image"),
        ("fraction", "label 0.5, expected a class index"),
    ],
)
def test_what_says_no_single_class_is_refused(packed: Path, name: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        open_dataset(packed / f"{name}.rec", model=DIGITS)


def test_a_folder_with_one_record_file_stands_for_it(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "val.rec").write_bytes((packed / "plain.rec").read_bytes())
    (tmp_path / "val.idx").write_bytes((packed / "plain.idx").read_bytes())
    assert len(open_dataset(tmp_path, model=DIGITS)) == 30
    (tmp_path / "train.rec").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"holds train.rec, val.rec: name the one"):
        open_dataset(tmp_path, model=DIGITS)


def test_the_index_of_another_file_is_refused(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "val.rec"
    path.write_bytes((packed / "plain.rec").read_bytes())
    path.with_suffix(".idx").write_bytes((packed / "magic.idx").read_bytes())
    with pytest.raises(DatasetError, match=r"30 records, but only . of the 7 that val.idx lists"):
        open_dataset(path, model=DIGITS)


def test_a_file_cut_anywhere_is_refused(packed: Path, tmp_path: Path) -> None:
    whole = (packed / "magic.rec").read_bytes()
    starts = {int(line.split()[1]) for line in (packed / "magic.idx").read_text().splitlines()}
    path = tmp_path / "cut.rec"
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        if size not in starts:
            with pytest.raises(DatasetError, match=r"cut short|expected a record of MXNet"):
                open_dataset(path, model=DIGITS)


def part(flag: int, data: bytes, size: int | None = None) -> bytes:
    word = flag << 29 | (len(data) if size is None else size)
    return MAGIC + struct.pack("<I", word) + data + bytes(-len(data) % 4)


def image(flag: int = 0, label: float = 1.0, data: bytes = b"JPEG") -> bytes:
    return struct.pack("<IfQQ", flag, label, 1, 0) + data


def hostile() -> Iterator[tuple[bytes, str]]:
    yield b"", "empty, expected MXNet RecordIO"
    yield b"\x12\x01\0\0" + bytes(40), "byte 0: expected a record of MXNet RecordIO"
    yield part(0, b"", (1 << 29) - 1), "expected 536870911 bytes, but the file is cut short"
    yield part(0, b"short"), "5 bytes, too few for an image record"
    yield part(0, image(flag=1, data=b"")), "byte 0: its label is missing"
    yield part(0, image(flag=2**32 - 1)), "4294967295 labels for one image"
    yield part(0, image(label=float("nan"))), "label nan, expected a class index"
    yield part(0, image(label=float("inf"))), "label inf, expected a class index"
    yield part(1, image()), "cut short"
    yield part(1, image()) + part(0, image()), "byte 36: expected a record of MXNet"
    yield part(2, image()), "byte 0: expected a record of MXNet"
    yield part(5, image()), "byte 0: expected a record of MXNet"


@pytest.mark.parametrize(("data", "said"), list(hostile()), ids=lambda value: str(value)[:30])
def test_lies_are_refused_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "lie.rec"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(path, model=DIGITS)
    assert "\n" not in str(refusal.value)
