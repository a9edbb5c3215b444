"""No file of labelled images, however damaged, gives anything but a data set or one clear line."""

import io
import random
import struct
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset

NETWORK = find_model("gluon_resnext50_32x4d")
MAGIC = struct.pack("<I", 0xCED7230A)


def archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        names = ("a.jpg", "a.cls", "b.jpg", "b.cls", "n" * 120 + ".jpg", "é.jpg", "sub/c.png")
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"12\n"))
    return file.getvalue()


def record_file() -> bytes:
    parts = []
    for flag, data in ((0, b"JPEG!"), (1, b"abcd"), (2, b"ef"), (3, b"ghijk")):
        content = struct.pack("<IfQQ", 0, 1.0, len(parts), 0) + data if flag < 2 else data
        word = struct.pack("<I", flag << 29 | len(content))
        parts.append(MAGIC + word + content + bytes(-len(content) % 4))
    return b"".join(parts)


FILES = {"a.tar": archive(), "a.rec": record_file(), "labels.txt": b"a.jpg 1\nb.jpg,2\n3\tc\td\n"}


@pytest.mark.parametrize("name", FILES)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_damaged_files_are_read_or_refused(tmp_path: Path, name: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(FILES[name])
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at : at + 4] = struct.pack("<I", chance.choice([0, 1, 2**31, 2**32 - 1]))
            case 2:
                del data[at : at + chance.randint(1, 40)]
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
        data = data or bytearray(b"\0")
    path = tmp_path / name
    path.write_bytes(data)
    labels = path
    if path.suffix == ".txt":
        path = tmp_path / "images"
        path.mkdir(exist_ok=True)
        (path / "a.jpg").write_bytes(b"image")
    try:
        dataset = open_dataset(
            path, labels=labels if path.is_dir() else None, model=NETWORK, num_classes=None
        )
        assert [len(dataset.read(i)) for i in range(len(dataset))] == [
            entry.size for entry in dataset.entries
        ]
    except DatasetError as refusal:
        assert "\n" not in str(refusal)
