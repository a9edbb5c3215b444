"""convert/sources/unzip.py against real and hostile zips."""

from __future__ import annotations

import hashlib
import io
import random
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from convert.sources.download import LIMIT
from convert.sources.unzip import extract
from mappings.errors import FormatError, WriteError

PARAMS = random.Random(0).randbytes(300_000) + bytes(700_000)
SHA1 = hashlib.sha1(PARAMS).hexdigest()
MEMBER = "resnet18_v1d_0.89-8f6e2a4b.params"


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def patched(archive: bytes, record: bytes, offset: int, value: bytes) -> bytes:
    """With ``value`` at ``offset`` of the first ``record``, where PK\\1\\2 is the directory."""
    start = archive.index(record) + offset
    return archive[:start] + value + archive[start + len(value) :]


def member(kind: int) -> zipfile.ZipInfo:
    """The expected name, as a file of this kind (stat.S_IFREG, ...)."""
    info = zipfile.ZipInfo(MEMBER)
    info.external_attr = (kind | 0o644) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


GOOD = zipped((member(stat.S_IFREG), PARAMS))
# 10 MB of zeros that claim to be 1000, with the checksum of 1000.
ZEROS = zipped((MEMBER, bytes(10_000_000)))
LIAR = patched(ZEROS, b"PK\1\2", 24, struct.pack("<I", 1000))
LIAR = patched(LIAR, b"PK\1\2", 16, struct.pack("<I", zlib.crc32(bytes(1000))))
STORED = zipped((zipfile.ZipInfo(MEMBER), PARAMS))
HOSTILE = {
    "parent": (
        zipped((MEMBER, PARAMS), ("../evil", b"evil")),
        f"it holds \\['{MEMBER}', '../evil'\\], not",
    ),
    "absolute": (zipped(("/tmp/evil", PARAMS)), r"it holds \['/tmp/evil'\], not"),
    "link": (zipped((member(stat.S_IFLNK), b"/etc/passwd")), "is not a regular file"),
    "another name": (zipped(("another.params", PARAMS)), f"not '{MEMBER}' alone"),
    "in a folder": (zipped((f"a/{MEMBER}", PARAMS)), f"not '{MEMBER}' alone"),
    "nothing": (zipped(), r"it holds \[\], not"),
    "encrypted": (patched(GOOD, b"PK\1\2", 8, b"\1"), "is encrypted"),
    "patches": (patched(GOOD, b"PK\1\2", 8, b"\x20"), "patched data"),
    "bad name": (patched(patched(GOOD, b"PK\1\2", 9, b"\x08"), b"PK\1\2", 46, b"\xff"), "utf-8"),
    "bzip2": (patched(GOOD, b"PK\1\2", 10, b"\x0c"), "is compressed by method 12"),
    "bomb": (LIAR, f"has sha1 {hashlib.sha1(bytes(1000)).hexdigest()}"),
    "bomb, checksum": (patched(ZEROS, b"PK\1\2", 24, struct.pack("<I", 1000)), "Bad CRC-32"),
    "corrupt": (GOOD[:5000] + bytes(99) + GOOD[5099:], "Bad CRC-32"),
    "corrupt blocks": (patched(GOOD, MEMBER.encode(), len(MEMBER), b"\xff"), "Error -3"),
    "corrupt end": (
        patched(STORED, b"PK\1\2", 20, struct.pack("<II", *2 * [10**7])),
        "too early|Overlapped entries",
    ),
    "corrupt offset": (patched(GOOD, b"PK\5\6", 16, b"\xff\xff\xff\x7f"), "Invalid argument"),
    "truncated": (GOOD[:-30], "File is not a zip file"),
    "not a zip": (b"<!DOCTYPE html>", "File is not a zip file"),
    "empty": (b"", "File is not a zip file"),
}


def extracted(folder: Path, archive: bytes, most: int = LIMIT) -> Path:
    (folder / "cache").mkdir()
    (folder / "cache" / "a.zip").write_bytes(archive)
    extract(folder / "cache" / "a.zip", folder / "cache" / MEMBER, SHA1, most)
    return folder / "cache" / MEMBER


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*") if not file.is_dir())


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(GOOD, id="deflated"),
        pytest.param(STORED, id="stored"),
        pytest.param(zipped((MEMBER, PARAMS), (f"__MACOSX/._{MEMBER}", b"fork")), id="macOS"),
    ],
)
def test_the_one_file_of_a_zip_is_extracted(tmp_path: Path, archive: bytes) -> None:
    assert extracted(tmp_path, archive).read_bytes() == PARAMS
    assert files(tmp_path) == ["a.zip", MEMBER]


@pytest.mark.parametrize("kind", HOSTILE)
def test_anything_else_is_refused_and_leaves_nothing(tmp_path: Path, kind: str) -> None:
    archive, reason = HOSTILE[kind]
    with pytest.raises(FormatError, match=f"a.zip: .*({reason})"):
        extracted(tmp_path, archive)
    assert files(tmp_path) == ["a.zip"]


def inflated_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything is read out of a zip."""
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_, **__: pytest.fail("inflated"))


@pytest.mark.parametrize("archive", [GOOD, STORED], ids=["deflated", "stored"])
def test_a_file_larger_than_the_model_is_refused_before_it_is_inflated(
    archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inflated_nothing(monkeypatch)
    most = len(PARAMS) - 1
    with pytest.raises(FormatError, match=f"declares {len(PARAMS)} bytes, expected at most {most}"):
        extracted(tmp_path, archive, most)
    assert files(tmp_path) == ["a.zip"]


def test_a_file_denser_than_weights_can_be_is_refused_before_it_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zipped((MEMBER, bytes(1 << 28)))
    inflated_nothing(monkeypatch)
    with pytest.raises(FormatError, match=f"declares {1 << 28} bytes out of .* at most 10 times"):
        extracted(tmp_path, bomb)
    assert files(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("name", [MEMBER, f"{MEMBER}.tmp", f".{MEMBER}.partial"])
def test_a_planted_link_is_never_written_through(name: str, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / name).symlink_to(theirs)
    (tmp_path / "cache" / "a.zip").write_bytes(GOOD)
    if name.startswith("."):
        with pytest.raises(WriteError, match="something else stands there"):
            extract(tmp_path / "cache" / "a.zip", tmp_path / "cache" / MEMBER, SHA1)
    else:
        extract(tmp_path / "cache" / "a.zip", tmp_path / "cache" / MEMBER, SHA1)
        assert (tmp_path / "cache" / MEMBER).read_bytes() == PARAMS
    assert theirs.read_bytes() == b"theirs"


def test_another_content_is_refused_with_both_hashes(tmp_path: Path) -> None:
    other = hashlib.sha1(b"other").hexdigest()
    with pytest.raises(FormatError, match=f"has sha1 {other}, not {SHA1}"):
        extracted(tmp_path, zipped((MEMBER, b"other")))
    assert files(tmp_path) == ["a.zip"]


def test_what_cannot_be_written_is_no_fault_of_the_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(GOOD)
    with pytest.raises(FileNotFoundError):
        extract(tmp_path / "a.zip", tmp_path / "absent" / MEMBER, SHA1)
