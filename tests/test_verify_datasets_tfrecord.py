"""TFRecord files, read without TensorFlow; another test has them written by tensorflow-datasets."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.expectation import wordnet_ids
from verify.datasets.tfrecord import masked_crc32c

NETWORK = find_model("gluon_resnext50_32x4d")
IDS = wordnet_ids()


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def example(**features: bytes | int) -> bytes:
    entries = b""
    for name, value in features.items():
        if isinstance(value, bytes):
            feature = field(1, field(1, value))
        else:
            feature = field(3, field(1, varint(value)))
        entries += field(1, field(1, name.encode()) + field(2, feature))
    return field(1, entries)


def record(data: bytes) -> bytes:
    size = struct.pack("<Q", len(data))
    checks = struct.pack("<I", masked_crc32c(size)), struct.pack("<I", masked_crc32c(data))
    return size + checks[0] + data + checks[1]


def image(number: int) -> bytes:
    return random.Random(number).randbytes(number * 997 % 3000)


def write(path: Path, numbers: Sequence[int], **more: bytes | int) -> Path:
    rows = []
    for number in numbers:
        name = f"ILSVRC2012_val_{number:08}.JPEG".encode()
        rows.append(example(file_name=name, image=image(number), **{"label": number, **more}))
    path.write_bytes(b"".join(map(record, rows)))
    return path


def test_the_checksum_is_tensorflows() -> None:
    """The CRC-32C of "123456789" is 0xE3069283 (RFC 3720), masked as in crc32c.h."""
    crc = 0xE3069283
    assert masked_crc32c(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def folder(tmp_path: Path, names: Sequence[str] = IDS) -> Path:
    (tmp_path / "label.labels.txt").write_text("\n".join(names) + "\n")
    for shard, numbers in enumerate((range(3), range(3, 5))):
        write(tmp_path / f"imagenet2012-validation.tfrecord-{shard:05}-of-00002", numbers)
    write(tmp_path / "imagenet2012-train.tfrecord-00000-of-00001", range(2))
    info = {"splits": [{"name": "validation", "shardLengths": ["3", "2"]}]}
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    return tmp_path


def test_the_evaluated_split_is_read_in_order(tmp_path: Path) -> None:
    dataset = open_dataset(folder(tmp_path), model=NETWORK)
    assert dataset.kind == "TFRecord files, split validation" and not dataset.found
    assert [entry.label for entry in dataset.entries] == list(range(5))
    assert [dataset.read(k) for k in range(5)] == [image(k) for k in range(5)]
    assert [entry.size for entry in dataset.entries] == [len(image(k)) for k in range(5)]
    assert dataset.entries[3].id.endswith("-00001-of-00002/00000000/ILSVRC2012_val_00000003.JPEG")


def test_the_label_file_says_the_order(tmp_path: Path) -> None:
    order = random.Random(0).sample(IDS, 1000)
    dataset = open_dataset(folder(tmp_path, order), model=NETWORK)
    assert [entry.label for entry in dataset.entries] == [IDS.index(order[k]) for k in range(5)]
    (tmp_path / "label.labels.txt").unlink()
    with pytest.raises(DatasetError, match=r"nothing says .*: give --label-names FILE"):
        open_dataset(tmp_path, model=NETWORK)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    write(folder(tmp_path) / "imagenet2012-validation.tfrecord-00001-of-00002", [3])
    assert open_dataset(tmp_path, model=NETWORK).found == (
        "imagenet2012-validation.tfrecord-00001-of-00002: has 1 record, where dataset_info.json "
        "says 2",
    )
    (tmp_path / "imagenet2012-validation.tfrecord-00001-of-00002").unlink()
    (missing,) = open_dataset(tmp_path, model=NETWORK).found
    assert missing == ("1 of 2 files is missing: imagenet2012-validation.tfrecord-00001-of-00002")


def test_a_changed_byte_of_an_image_is_noticed(tmp_path: Path) -> None:
    path = write(folder(tmp_path) / "imagenet2012-validation.tfrecord-00000-of-00002", range(3))
    data = path.read_bytes()
    at = data.index(image(2)[50:90])
    path.write_bytes(data[:at] + b"?" + data[at + 1 :])
    dataset = open_dataset(tmp_path, model=NETWORK)
    assert dataset.read(1) == image(1)
    with pytest.raises(DatasetError, match=r"does not have its checksum: the file is damaged"):
        dataset.read(2)


GOOD = example(image=b"image", label=1)
HOSTILE = {
    "text": (b"no records at all\n" * 9, "length of a record does not have its checksum"),
    "empty": (b"", "the file is empty"),
    "cut": (record(GOOD)[:-3], "but the file ends"),
    "cut in a head": (record(GOOD) + b"\1\0", "the file is cut short"),
    "huge": (
        struct.pack("<QI", 1 << 60, masked_crc32c(struct.pack("<Q", 1 << 60))) + bytes(99),
        "a record of 1152921504606846976 bytes, but the file ends",
    ),
    "no example": (record(b"\x0f" * 20), "not a tf.train.Example .a field of wire type 7"),
    "long field": (record(b"\x0a\xff\x7f" + GOOD), "a field of 16383 bytes in"),
    "endless": (record(b"\xff" * 30), "a number that does not end"),
    "nothing": (record(b""), "with the features : expected one image"),
    "two labels": (
        record(field(1, field(1, field(1, b"label") + field(2, field(3, field(1, b"\1\2")))))),
        "with the features label: expected one image",
    ),
    "bomb": (
        record(field(1, b"".join(field(1, field(1, b"%d" % k)) for k in range(2000)))),
        "more",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_other_files_are_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    data, said = HOSTILE[kind]
    path = tmp_path / "val.tfrecord"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(path, model=NETWORK)
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith(f"{path}: ")


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(example(file_name=b"a.jpg", image=b"123456", label=3))
    for _ in range(chance.randint(1, 3)):
        data[chance.randrange(len(data))] = chance.choice([0, 255, chance.randrange(256)])
    path = tmp_path / "val.tfrecord"
    path.write_bytes(record(bytes(data)))
    try:
        dataset = open_dataset(path, model=NETWORK, num_classes=9)
        assert [len(dataset.read(0))] == [dataset.entries[0].size]
    except DatasetError as refusal:
        assert "\n" not in str(refusal)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "val.tfrecord")
    with pytest.raises(DatasetError, match="this is a named pipe"):
        open_dataset(tmp_path / "val.tfrecord", model=NETWORK)
