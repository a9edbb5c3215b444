"""Archives of models: read without unpacking to a folder, and refused where they are not sound."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.formats.limits import MAX_MEMBER_NAME, MAX_MEMBERS, MAX_UNPACKED
from convert.formats.mapped import MappedFile
from convert.formats.model_archive import UNPACK, ModelArchive, is_model_archive
from mappings.errors import FormatError
from tests.support.memory import memory_below

CHANCE = random.Random(3)
FILES = {
    "image-classification-0030.params": CHANCE.randbytes(300_000),
    "image-classification-symbol.json": b'{"nodes": []}',
    "model-shapes.json": b"[]",
}
Members = dict[str, bytes]


def tar(files: Members, form: int = tarfile.GNU_FORMAT, **header: object) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in header.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def opened(folder: Path, data: bytes) -> ModelArchive:
    path = folder / "model.tar.gz"
    path.write_bytes(data)
    file = MappedFile.open(path)
    assert is_model_archive(file)
    return ModelArchive.open(file)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_archive_of_every_format_is_read_member_by_member(
    tmp_path: Path, form: int, pack: Callable[[bytes], bytes]
) -> None:
    long = "n" * 90 if form == tarfile.USTAR_FORMAT else "n" * 300
    files = FILES | {f"code/{long}.py": b"pass", "./empty": b""}
    archive = opened(tmp_path, pack(tar(files, form)))
    assert list(archive.files) == [name.removeprefix("./") for name in files]
    for name, data in files.items():
        name = name.removeprefix("./")
        assert archive.read(name, 10**6) == data
        if data:
            taken = archive.take(name)
            assert taken.read(0, taken.size) == data
            assert str(taken.path) == f"{tmp_path}/model.tar.gz/{name}"


def test_a_member_that_is_taken_leaves_nothing_behind_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    taken = opened(tmp_path, gzip.compress(tar(FILES))).take("model-shapes.json")
    assert not os.listdir(tmp_path / "temporary") and os.fstat(taken.handle).st_nlink == 0
    assert bytes(taken.map) == b"[]"
    handle = taken.handle
    del taken
    with pytest.raises(OSError):
        os.fstat(handle)


def test_a_member_that_is_longer_than_asked_for_is_refused_unread(tmp_path: Path) -> None:
    archive = opened(tmp_path, gzip.compress(tar(FILES)))
    with pytest.raises(FormatError, match="has 300000 bytes; expected at most 1000"):
        archive.read("image-classification-0030.params", 1000)


def zeros(count: int) -> bytes:
    """A gzip file of so many zeros."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        for _ in range(count >> 20):
            stream.write(bytes(1 << 20))
    return packed.getvalue()


def sparse() -> bytes:
    member = tarfile.TarInfo("a.params")
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member)
    return packed.getvalue()


SOUND = tar(FILES)
SMALL = {"a": b"a"}
PACKED = gzip.compress(SOUND)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "a symbolic link": (
        gzip.compress(tar({"a": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        "member 'a' is a link or a device, not a file; pack the archive again without it",
    ),
    "a hard link": (
        gzip.compress(tar({"a": b""}, type=tarfile.LNKTYPE, linkname="b")),
        "member 'a' is a link or a device, not a file; pack the archive again without it",
    ),
    "a device": (
        gzip.compress(tar({"a": b""}, type=tarfile.CHRTYPE)),
        "member 'a' is a link or a device, not a file; pack the archive again without it",
    ),
    "a pipe": (
        tar({"a": b""}, type=tarfile.FIFOTYPE),
        "member 'a' is a link or a device, not a file; pack the archive again without it",
    ),
    "a sparse file": (
        sparse(),
        "the archive is damaged or cut short at its byte 1024 (it is a sparse file; pack it again "
        "without --sparse): fetch it again",
    ),
    "an old sparse file": (
        tar({"a": b""}, type=tarfile.GNUTYPE_SPARSE),
        "member 'a' is a link or a device, not a file; pack the archive again without it",
    ),
    "an absolute name": (
        gzip.compress(tar({"/etc/passwd": b""})),
        f"member '/etc/passwd' leads out of the archive; {UNPACK}",
    ),
    "a name that climbs": (
        gzip.compress(tar({"a/../../b": b""})),
        f"member 'a/../../b' leads out of the archive; {UNPACK}",
    ),
    "a name of two lines": (
        gzip.compress(tar({"../a\nb": b""})),
        f"member '../a\\nb' leads out of the archive; {UNPACK}",
    ),
    "a name twice": (
        gzip.compress(tar({"a": b"1", "./a": b"2"})),
        "'a' occurs twice in the archive; pack it again with one",
    ),
    "a name that is too long": (
        gzip.compress(tar({"n" * (MAX_MEMBER_NAME + 1): b""})),
        f"a member's name has {MAX_MEMBER_NAME + 1} characters; expected at most {MAX_MEMBER_NAME}",
    ),
    "too many members": (
        gzip.compress(tar(dict.fromkeys(map(str, range(MAX_MEMBERS + 1)), b"")), 1),
        f"the archive has more than {MAX_MEMBERS} members; {UNPACK}",
    ),
    "a plain archive that is cut short": (
        SOUND[:2000],
        "member 'image-classification-0030.params' needs 300000 bytes, but the archive ends "
        "before: it was cut short, copy it again",
    ),
    "compressed data that are cut short": (
        PACKED[:-9],
        "the compressed archive ends too early; fetch it again",
    ),
    "compressed data of which a header is left": (
        PACKED[:12],
        "the compressed archive ends too early; fetch it again",
    ),
    "compressed data without their checksum": (
        PACKED[:-8],
        "the compressed archive ends too early; fetch it again",
    ),
    "compressed data with another checksum": (
        PACKED[:-8] + bytes(8),
        "the archive is damaged (Error -3 while decompressing data: incorrect data check); "
        "fetch it again",
    ),
    "an archive cut short and compressed": (
        gzip.compress(SOUND[:-11_000]),
        "the archive is damaged or cut short at its byte 300544 (the file ends in a header): "
        "fetch it again",
    ),
    "something behind the compressed data": (
        PACKED + b"more",
        "more follows the end of the compressed archive; pack it again with tar czf",
    ),
    "a second compressed archive": (
        PACKED + PACKED,
        "more follows the end of the compressed archive; pack it again with tar czf",
    ),
    "a compressed text": (
        gzip.compress(b"text"),
        "what is compressed in it is not a tar archive (the file ends in a header); " + UNPACK,
    ),
    "a compressed compressed archive": (
        gzip.compress(PACKED),
        f"what is compressed in it is not a tar archive (found {PACKED[148:160]!r}",
    ),
    "zeros": (
        zeros(MAX_UNPACKED + (1 << 20)),
        "what is compressed in it is not a tar archive (its checksum is wrong); " + UNPACK,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    data, said = HOSTILE[name]
    with memory_below(8_000_000):
        with pytest.raises(FormatError) as caught:
            opened(tmp_path, data)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(f"{tmp_path}/model.tar.gz: ")
    found = text.removeprefix(f"{tmp_path}/model.tar.gz: ")
    assert found == said or (name == "a compressed compressed archive" and said[:50] in found)


def bomb(size: int, form: str) -> bytes:
    """A small archive that promises ``size`` bytes of zeros, in a member or behind the end."""
    header = tarfile.TarInfo("a.params")
    header.size = size if form == "member" else 0
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        stream.write(header.tobuf())
        for _ in range((size >> 20) + 1):
            stream.write(bytes(1 << 20))
    return packed.getvalue()


@pytest.mark.parametrize("form", ["member", "behind"])
def test_a_bomb_is_refused_when_it_has_unpacked_to_the_bound(tmp_path: Path, form: str) -> None:
    data = bomb(4 * MAX_UNPACKED, form)
    assert len(data) < 10**6
    with memory_below(8_000_000):
        with pytest.raises(FormatError, match=f"unpacks to more than {MAX_UNPACKED}: real weights"):
            opened(tmp_path, data)


def test_weights_of_zeros_are_read_below_the_bound(tmp_path: Path) -> None:
    archive = opened(tmp_path, gzip.compress(tar({"a": bytes(MAX_UNPACKED // 2)})))
    assert archive.take("a").size == MAX_UNPACKED // 2


@given(st.integers(0, len(SOUND) - 1), st.integers(0, 255), st.booleans())
@settings(deadline=None)
def test_an_archive_with_any_byte_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, compressed: bool
) -> None:
    place = place if place % 3 else place % 1536  # more often in the headers
    data = bytearray(PACKED if compressed else SOUND)
    data[place % len(data)] = byte
    path = tmp_path_factory.getbasetemp() / "changed.tar.gz"
    path.write_bytes(data)
    try:
        archive = ModelArchive.open(MappedFile.open(path))
        for name, member in archive.files.items():
            assert len(archive.read(name, member.size)) == member.size
    except FormatError as error:
        assert "\n" not in str(error)
