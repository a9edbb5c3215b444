"""Tar archives and WebDataset shards, read where they lie."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from architectures import find_model
from mappings.errors import DatasetError
from verify.datasets import open_dataset
from verify.datasets.expectation import wordnet_ids

NETWORK = find_model("gluon_resnext50_32x4d")

Members = dict[str, bytes]


def tar(path: Path, members: Members, **header: object) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in header.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(data))
    return path


def shard(first: int, last: int) -> Members:
    members = {}
    for number in range(first, last):
        members[f"sample{number}.jpg"] = b"image %d" % number
        members[f"sample{number}.cls"] = b"%d" % (number % 3)
        members[f"sample{number}.json"] = b"{}"
    return members


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for number in range(3):
        tar(tmp_path / f"val-{number:02}.tar", shard(4 * number, 4 * number + 4))
    return tmp_path


@pytest.mark.parametrize("name", ["", "val-*.tar", "val-{00..02}.tar", "val-{00,01,02}.tar"])
def test_shards_are_named_by_folder_pattern_or_range(shards: Path, name: str) -> None:
    dataset = open_dataset(f"{shards}/{name}", model=NETWORK, num_classes=3)
    assert [(entry.id, entry.label) for entry in dataset.entries] == sorted(
        (f"val-{n // 4:02}.tar/sample{n}.jpg", n % 3) for n in range(12)
    )
    ids = [entry.id for entry in dataset.entries]
    assert dataset.read(ids.index("val-01.tar/sample6.jpg")) == b"image 6"
    assert dataset.complete and dataset.kind == "WebDataset shards"


def test_one_shard_is_enough(shards: Path) -> None:
    assert len(open_dataset(shards / "val-01.tar", model=NETWORK, num_classes=3)) == 4


def test_a_missing_shard_is_named(shards: Path) -> None:
    with pytest.raises(DatasetError, match=r"val-03.tar, .*val-04.tar: no such file"):
        open_dataset(f"{shards}/val-{{00..04}}.tar", model=NETWORK)


def test_an_archive_among_shards_that_is_none_is_refused(shards: Path) -> None:
    tar(shards / "val-03.tar", {"a.jpg": b"image"})
    with pytest.raises(DatasetError, match=r"val-03.tar: has no .cls file"):
        open_dataset(shards, model=NETWORK)


def test_a_sample_without_a_label_is_counted(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"a.jpg": b"1", "a.cls": b"0\n", "b.jpg": b"2"})
    dataset = open_dataset(path, model=NETWORK, num_classes=1)
    assert dataset.problems == ("1 image without a label: a.tar/b.jpg",)


@pytest.mark.parametrize("label", [b"cat", b"", b"1.5", b"-1", b"1" * 1000])
def test_a_label_that_is_no_number_is_refused(tmp_path: Path, label: bytes) -> None:
    path = tar(tmp_path / "a.tar", {"a.jpg": b"1", "a.cls": label})
    with pytest.raises(DatasetError, match=r"'a.cls' is not a class index"):
        open_dataset(path, model=NETWORK)


def test_classes_beyond_the_models_are_left_out_and_told(tmp_path: Path) -> None:
    members = {"a.jpg": b"1", "a.cls": b"1000", "b.jpg": b"2", "b.cls": b"999"}
    dataset = open_dataset(tar(tmp_path / "a.tar", members), model=NETWORK)
    assert len(dataset) == 1
    assert dataset.problems[0] == (
        "1 image of classes beyond the model's 0 to 999, left out: class 1000"
    )


def test_class_folders_are_read_out_of_an_archive(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"./0/x.png": b"zero", "./1/y.png": b"one", "./readme": b""})
    dataset = open_dataset(path, model=NETWORK, num_classes=2)
    assert [(entry.id, entry.label) for entry in dataset.entries] == [
        ("0/x.png", 0),
        ("1/y.png", 1),
    ]
    assert dataset.read(1) == b"one" and dataset.complete


def test_an_archive_changed_since_is_not_misread(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"0/x.png": b"zero"})
    dataset = open_dataset(path, model=NETWORK, num_classes=1)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match="the file changed since it was listed"):
        dataset.read(0)


def hostile() -> Iterator[tuple[str, str]]:
    yield "link", "'0/a.jpg' is a link or a device"
    yield "device", "'0/a.jpg' is a link or a device"
    yield "upwards", r"'0/../../a.jpg' leads out of the archive"
    yield "absolute", "'/0/a.jpg' leads out of the archive"
    yield "twice", "'0/a.jpg' occurs twice"
    yield "size", "cut short|unexpected end|bad"
    yield "cut", "cut short|unexpected end"
    yield "middle", "damaged or cut short at byte 1024"
    yield "gzip", "not an uncompressed tar archive"
    yield "text", "not an uncompressed tar archive"


@pytest.mark.parametrize(("kind", "said"), list(hostile()), ids=lambda value: value)
def test_hostile_archives_are_refused_in_one_line(tmp_path: Path, kind: str, said: str) -> None:
    path = tmp_path / "a.tar"
    plain = {"0/a.jpg": b"a" * 512, "0/b.jpg": b"b" * 512}
    match kind:
        case "link":
            tar(path, {"0/a.jpg": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd")
        case "device":
            tar(path, {"0/a.jpg": b""}, type=tarfile.CHRTYPE)
        case "upwards":
            tar(path, {"0/../../a.jpg": b""})
        case "absolute":
            tar(path, {"/0/a.jpg": b""})
        case "twice":
            tar(path, {"0/a.jpg": b"a", "./0/a.jpg": b"b"})
        case "size":
            tar(path, {"0/a.jpg": b"a"}, size=1)
            raw = bytearray(path.read_bytes())
            raw[124:136] = b"77777777777\0"
            total = sum(raw[:148]) + 8 * 32 + sum(raw[156:512])
            raw[148:156] = b"%06o\0 " % total
            path.write_bytes(raw)
        case "cut":
            path.write_bytes(tar(path, plain).read_bytes()[:1700])
        case "middle":
            raw = bytearray(tar(path, plain).read_bytes())
            raw[1024:1124] = b"x" * 100
            path.write_bytes(raw)
        case "gzip":
            with tarfile.open(path, "w:gz") as archive:
                archive.addfile(tarfile.TarInfo("0/a.jpg"))
        case "text":
            path.write_bytes(b"no archive at all\n" * 100)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(path, model=NETWORK, num_classes=1)
    assert "\n" not in str(refusal.value) and str(refusal.value).startswith(f"{path}: ")


def info(folder: Path, **splits: dict[str, object]) -> None:
    (folder / "_info.json").write_text(json.dumps({"splits": splits}))


def split(*lengths: int, name: str = "val") -> dict[str, object]:
    names = [f"{name}-{k:02}.tar" for k in range(len(lengths))]
    return {"filenames": names, "shard_lengths": lengths, "num_samples": sum(lengths)}


def test_timms_info_says_which_shards_are_the_evaluation_set(shards: Path) -> None:
    tar(shards / "train-00.tar", shard(0, 4))
    info(shards, train=split(4, name="train"), validation=split(4, 4, 4))
    for path in (shards, f"{shards}/val-*.tar"):
        dataset = open_dataset(path, model=NETWORK, num_classes=3)
        assert len(dataset) == 12 and dataset.complete
    (shards / "val-01.tar").unlink()
    info(shards, train=split(4, name="train"), validation=split(4, 4, 5, 4))
    assert open_dataset(shards, model=NETWORK, num_classes=3).found == (
        "2 shards of split 'validation' missing, which _info.json lists: val-01.tar, val-03.tar",
        "val-02.tar: has 4 samples, where _info.json says 5",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("{}", "has no 'splits'"),
        ('{"splits": {"val": {"filenames": ["val-00.tar"]}}}', "expected filenames, as many"),
        ('{"splits": {"val": 3}}', "split 'val': expected filenames"),
    ],
)
def test_an_info_that_is_none_is_refused(shards: Path, text: str, said: str) -> None:
    (shards / "_info.json").write_text(text)
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(shards, model=NETWORK, num_classes=3)
    assert "\n" not in str(refusal.value)


def test_a_number_that_the_name_of_the_image_contradicts_is_refused(tmp_path: Path) -> None:
    members = {"0.jpg": b"1", "0.cls": b"1", "0.json": b'{"filename": "n01440764_1.JPEG"}'}
    with pytest.raises(DatasetError, match=r"has label 1, .* but its name says 0 .n01440764."):
        open_dataset(tar(tmp_path / "a.tar", members), model=NETWORK)
    order = tmp_path / "order.txt"
    order.write_text("\n".join([wordnet_ids()[1], wordnet_ids()[0], *wordnet_ids()[2:]]))
    dataset = open_dataset(tmp_path / "a.tar", model=NETWORK, label_names=order)
    assert dataset.entries[0].label == 0
