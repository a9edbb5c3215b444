"""Patterns, archives and files beside them that ask for too much, or are not files at all."""

from __future__ import annotations

import os
import random
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from architectures import find_model
from convert.formats.tar_headers import MAX_EXTENDED
from mappings.errors import DatasetError, GluonportError
from verify.datasets import open_dataset
from verify.datasets.devkit import GROUND_TRUTH
from verify.datasets.expand import MAX_NAMES, expand
from verify.datasets.labelled_images import MAX_IMAGE_BYTES
from verify.datasets.listing import list_folder
from verify.datasets.tar import list_tar

NETWORK = find_model("gluon_resnext50_32x4d")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("{1..3}", ["1", "2", "3"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{08..10}", ["08", "09", "10"]),
        ("{10..08}", ["10", "09", "08"]),
        ("{8..10}", ["8", "9", "10"]),
        ("{5..5}{b,a}", ["5b", "5a"]),
        ("{1..2}*", ["1", "10", "2"]),
    ],
)
def test_braces_stand_for_what_they_do_in_bash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, names: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in {"10", *names}:
        Path(name).touch()
    assert [str(path) for path in expand(pattern, "")] == names


@pytest.mark.parametrize("pattern", ["{0..99999999999}", "{0..999}" * 9, f"{{0..{MAX_NAMES}}}"])
def test_braces_that_stand_for_too_many_names_are_counted_and_not_expanded(pattern: str) -> None:
    with pytest.raises(DatasetError, match=f"means [0-9]+ names, expected at most {MAX_NAMES}"):
        open_dataset(pattern, model=NETWORK)


@pytest.mark.parametrize("path", ["a\0b", "a\0/*", "x" * 5000, f"{{0..{'9' * 5000}}}", "{9..1}"])
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(DatasetError, match=r"no such file|the character NUL"):
        open_dataset(path, model=NETWORK)


def header(name: bytes, kind: bytes, size: int | bytes) -> bytes:
    length = size if isinstance(size, bytes) else b"%011o\0" % size
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + length)
    block += b"00000000000\0" + b" " * 8 + kind + bytes(100) + b"ustar\x0000" + bytes(247)
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def extended(**records: str) -> bytes:
    body = b""
    for keyword, value in records.items():
        text = f" {keyword.replace('_', '.')}={value}\n".encode()
        size = len(text) + len(str(len(text) + 1))
        body += b"%d" % size + text
    return header(b"pax", b"x", len(body)) + padded(body)


FILE = header(b"0/a.jpg", b"0", 3) + padded(b"one")
HOSTILE = {
    "sparse 1.0": (
        extended(GNU_sparse_major="1", GNU_sparse_minor="0") + header(b"a.jpg", b"0", 0),
        "a sparse file",
    ),
    "sparse of old": (header(b"a.jpg", b"S", 3) + padded(b"one"), "a link or a device"),
    "negative": (header(b"a.jpg", b"0", b"\xff" * 12), "its size is negative"),
    "huge": (header(b"a.jpg", b"0", b"\x80" + b"\xff" * 11), "the archive ends before"),
    "huge by pax": (extended(size="9" * 18) + header(b"a.jpg", b"0", 3), "the archive ends before"),
    "no size": (extended(size="-1") + header(b"a.jpg", b"0", 3), "size is not a number"),
    "no octal": (header(b"a.jpg", b"0", b"99999999999\0"), "octal digits"),
    "long pax": (
        header(b"pax", b"x", MAX_EXTENDED + 1) + bytes(MAX_EXTENDED + 512),
        "an extended header of",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("before", [b"", FILE])
def test_a_header_that_claims_too_much_is_refused_in_one_line(
    tmp_path: Path, kind: str, before: bytes
) -> None:
    data, said = HOSTILE[kind]
    path = tmp_path / "a.tar"
    path.write_bytes(before + data + bytes(1024))
    with pytest.raises(DatasetError, match=said) as refusal:
        open_dataset(path, model=NETWORK)
    assert "\n" not in str(refusal.value)


def test_any_number_of_headers_before_a_file_is_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(
        extended(comment="1" * 7000) * 5000 + extended(path="0/b.jpg") + FILE + bytes(512)
    )
    assert list(list_tar(path).files) == ["0/b.jpg"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_every_format_are_read_as_tarfile_reads_them(tmp_path: Path, form: int) -> None:
    chance, path = random.Random(5), tmp_path / "a.tar"
    long = "" if form == tarfile.USTAR_FORMAT else "n" * 150
    names = ["a.jpg", "./b/c.png", f"d/{'e' * 90}/{'f' * 90}.jpg", f"g/é {long}.jpg"]
    with tarfile.open(path, "w", format=form) as archive:
        folder = tarfile.TarInfo("empty/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name in names:
            member, data = tarfile.TarInfo(name), chance.randbytes(chance.randrange(2000))
            member.size = len(data)
            archive.addfile(member, BytesIO(data))
    with tarfile.open(path) as archive:
        expected = {
            m.name.removeprefix("./"): ((m.offset_data, m.size),) for m in archive if m.isreg()
        }
    found = list_tar(path)
    assert {name: place.spans for name, place in found.files.items()} == expected
    assert found.folders == ("b", "d", "empty", "g")


def test_a_folder_that_links_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0" / "deep").mkdir(parents=True)
    (tmp_path / "0" / "deep" / "again").symlink_to(tmp_path / "0")
    with pytest.raises(DatasetError, match="again: is a link to a folder above it"):
        list_folder(tmp_path)


def test_an_image_of_more_bytes_than_any_has_is_refused_by_its_size(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    with open(tmp_path / "0" / "a.jpg", "wb") as file:
        file.truncate(MAX_IMAGE_BYTES + 1)
    with pytest.raises(DatasetError, match=f"'0/a.jpg' has {MAX_IMAGE_BYTES + 1} bytes"):
        open_dataset(tmp_path, model=NETWORK, num_classes=1)


NAMES = ["labels.txt", "map_clsloc.txt", "a.idx", "a.rec", "a.tar"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("labels.txt", "loop"), *((name, kind) for name in NAMES for kind in ("pipe", "device"))],
)
def test_what_is_no_regular_file_is_refused_and_never_waited_for(
    tmp_path: Path, name: str, kind: str
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "ILSVRC2012_val_00000001.JPEG").write_bytes(b"image")
    (tmp_path / GROUND_TRUTH).write_text("1\n")
    (tmp_path / "a.rec").write_bytes(
        bytes.fromhex("0a23d7ce 1c000000 00000000 00000000") + bytes(16) + b"JPEG"
    )
    path = tmp_path / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    if name.startswith("a."):
        data, labels = tmp_path / ("a.rec" if name == "a.idx" else name), None
    else:
        data, labels = (
            tmp_path / "images",
            path if name == "labels.txt" else tmp_path / GROUND_TRUTH,
        )
    with pytest.raises(GluonportError, match=r"no regular file|cannot be read"):
        open_dataset(data, labels=labels, model=NETWORK)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"n01440764 \xff a_name\n", "not UTF-8"),
        ("n01440764 ² a_name\n".encode(), "does not pair 1 to 1000"),
        (b"n01440764 " + b"9" * 5000, "does not pair 1 to 1000"),
    ],
)
def test_a_synset_list_of_other_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "ILSVRC2012_val_00000001.JPEG").write_bytes(b"image")
    kit = tmp_path / "kit"
    kit.mkdir()
    (kit / GROUND_TRUTH).write_text("1\n")
    (kit / "map_clsloc.txt").write_bytes(content)
    with pytest.raises(GluonportError, match=said):
        open_dataset(tmp_path, labels=kit, model=NETWORK)


@pytest.mark.parametrize("line", ["²\n", "9" * 5000 + "\n", 'a.jpg,"' + "x" * 200_000 + '"\n'])
def test_labels_that_are_no_numbers_are_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"image")
    (tmp_path / GROUND_TRUTH).write_text(line)
    with pytest.raises(DatasetError, match=GROUND_TRUTH):
        open_dataset(tmp_path, labels=tmp_path / GROUND_TRUTH, model=NETWORK)


def test_a_folder_named_by_endless_digits_is_no_class(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    name = "9" * 5000
    path.write_bytes(extended(path=f"{name}/a.jpg") + FILE + bytes(512))
    with pytest.raises(DatasetError, match="1 folder"):
        open_dataset(path, model=NETWORK)
