"""Reads files out of an archive of a model, such as SageMaker's ``model.tar.gz``.

The archive is a tar, plain or compressed with gzip. It is read from its beginning to its end, and
only files that are asked for by name are kept: no name in it becomes a path, and links, devices
and sparse files are refused.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convert.formats.limits import (
    MAX_MEMBER_NAME,
    MAX_MEMBERS,
    MAX_UNPACKED,
    MAX_UNPACKED_RATIO,
)
from convert.formats.mapped import PART, MappedFile
from convert.formats.tar_headers import Damaged, TarMember, WrongMember, members
from mappings.errors import FormatError, WriteError
from mappings.words import first_few, one_line

GZIP = b"\x1f\x8b"
UNPACK = "if you trust it, unpack it and name the symbol file inside"


def is_model_archive(file: MappedFile) -> bool:
    """Whether a file is a tar archive, or compressed with gzip."""
    return file.head.startswith(GZIP) or file.head[257:262] == b"ustar"


@dataclass(frozen=True)
class ModelArchive:
    """The regular files in an archive by name, without a leading ``./``."""

    file: MappedFile
    files: Mapping[str, TarMember] = field(repr=False)

    @classmethod
    def open(cls, file: MappedFile) -> ModelArchive:
        """List an archive, reading it to its end, where gzip's checksum is compared.

        Raises FormatError for a file that is no sound archive, for members that are neither files
        nor folders or whose names lead out of it, for a name that occurs twice, and for what is
        beyond the bounds of ``limits.py``.
        """
        found: dict[str, TarMember] = {}
        count = 0
        stream = _Unpacked(file)
        for member in _members(stream):
            count += 1
            if count > MAX_MEMBERS:
                raise file.error(f"the archive has more than {MAX_MEMBERS} members; {UNPACK}")
            name = member.name.removeprefix("./")
            if len(name) > MAX_MEMBER_NAME:
                what = f"a member's name has {len(name)} characters"
                raise file.error(f"{what}; expected at most {MAX_MEMBER_NAME}")
            if member.leads_out:
                raise file.error(f"member {name!r} leads out of the archive; {UNPACK}")
            if member.is_folder:
                continue
            if not member.is_file:
                what = f"member {name!r} is a link or a device, not a file"
                raise file.error(f"{what}; pack the archive again without it")
            if name in found:
                raise file.error(f"{name!r} occurs twice in the archive; pack it again with one")
            found[name] = member
        stream.finish()
        return cls(file, found)

    def read(self, name: str, most: int) -> bytes:
        """The content of a member of at most ``most`` bytes. Raises FormatError."""
        member = self.files[name]
        if member.size > most:
            what = f"{name!r} has {member.size} bytes; expected at most {most}"
            raise self.file.error(f"{what}: check that this is the right archive")
        return _Unpacked(self.file).read(member.offset, member.size)

    def take(self, name: str) -> MappedFile:
        """A member as an open file of its own, which messages call ``ARCHIVE/NAME``.

        It is a temporary file without a name, which only this process can open and which is gone
        when it ends, however it ends. Readers map their files, and weights may be larger than the
        memory that can be spared, so they are not kept there. Raises FormatError as ``open`` does,
        and WriteError if there is no room for it.
        """
        member = self.files[name]
        stream, end = _Unpacked(self.file), member.offset + member.size
        try:
            with tempfile.TemporaryFile() as target:
                for begin in range(member.offset, end, PART):
                    target.write(stream.read(begin, min(PART, end - begin)))
                target.flush()
                return MappedFile.of(target.fileno(), self.file.path / name)
        except OSError as error:
            folder = tempfile.gettempdir()
            what = f"{name!r} of {self.file.path} cannot be unpacked into {folder}"
            raise WriteError(f"{what} ({error.strerror}): name another folder by TMPDIR") from error


def open_file(path: str | os.PathLike[str]) -> MappedFile:
    """A file, or a file in an archive that is named as ``ARCHIVE/NAME``.

    Raises FormatError as ``MappedFile.open`` and ``ModelArchive.open`` do.
    """
    path = Path(path)
    outer = archive_around(path)
    if outer is None:
        return MappedFile.open(path)
    name, archive = path.relative_to(outer).as_posix(), ModelArchive.open(MappedFile.open(outer))
    if name not in archive.files:
        found = first_few(archive.files)
        raise archive.file.error(f"the archive has no {name!r}; it has {found}")
    return archive.take(name)


def archive_around(path: Path) -> Path | None:
    """The archive of a path that is spelled ``ARCHIVE/NAME``; None for any other path."""
    if "\0" in str(path) or os.path.lexists(path):
        return None
    outer = next((parent for parent in path.parents if parent.is_file()), None)
    try:
        return outer if outer is not None and is_model_archive(MappedFile.open(outer)) else None
    except FormatError:
        return None


def files_in(path: Path) -> list[Path]:
    """The files in an archive, as ``ARCHIVE/NAME``; none for any other file.

    Raises FormatError as ``ModelArchive.open`` does.
    """
    if not path.is_file() or not is_model_archive(file := MappedFile.open(path)):
        return []
    return [path / name for name in ModelArchive.open(file).files]


def _members(stream: _Unpacked) -> Iterator[TarMember]:
    """The members of an archive. Raises FormatError."""
    file = stream.file
    try:
        yield from members(stream.read, stream.end)
    except Damaged as error:
        if error.position:
            what = f"the archive is damaged or cut short at its byte {error.position} ({error})"
            raise file.error(f"{what}: fetch it again") from None
        inside = "what is compressed in it" if stream.end is None else "this"
        raise file.error(f"{inside} is not a tar archive ({error}); {UNPACK}") from None
    except WrongMember as error:
        raise file.error(one_line(str(error))) from None


class _Unpacked:
    """The bytes of a tar archive from its beginning on, decompressed as they are read.

    Raises FormatError for damaged bytes, and when more come out than the bounds allow.
    """

    def __init__(self, file: MappedFile) -> None:
        compressed = file.head.startswith(GZIP)
        self.file = file
        self.end = None if compressed else file.size
        self._left = max(MAX_UNPACKED, MAX_UNPACKED_RATIO * file.size)
        self._parts = _inflated(file) if compressed else None
        self._buffer, self._at = bytearray(), 0

    def read(self, offset: int, size: int) -> bytes:
        """The bytes at ``offset``, which lies at or after the end of the last read; fewer at the
        end of the archive."""
        if self._parts is None:
            return self.file.read(offset, offset + size)
        while self._at + len(self._buffer) <= offset:
            self._drop(len(self._buffer))
            if not self._more():
                return b""
        self._drop(offset - self._at)
        while len(self._buffer) < size and self._more():
            pass
        found = bytes(self._buffer[:size])
        self._drop(len(found))
        return found

    def finish(self) -> None:
        """Read the rest, up to the checksum at its end."""
        while self._more():
            self._drop(len(self._buffer))

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._at += count

    def _more(self) -> bool:
        part = next(self._parts, b"") if self._parts is not None else b""
        self._left -= len(part)
        if self._left < 0:
            most = max(MAX_UNPACKED, MAX_UNPACKED_RATIO * self.file.size)
            what = f"the archive of {self.file.size} bytes unpacks to more than {most}"
            raise self.file.error(f"{what}: real weights do not; {UNPACK}")
        self._buffer += part
        return bool(part)


def _inflated(file: MappedFile) -> Iterator[bytes]:
    """The content of a gzip file in parts of at most ``PART`` bytes. Raises FormatError."""
    inflate = zlib.decompressobj(wbits=31)  # gzip's header and checksum
    for packed in file.parts(0, file.size):
        data = bytes(packed)
        while data:
            if inflate.eof:
                if data.strip(b"\0"):
                    what = "more follows the end of the compressed archive"
                    raise file.error(f"{what}; pack it again with tar czf")
                break
            try:
                part = inflate.decompress(data, PART)
            except zlib.error as error:
                raise file.error(f"the archive is damaged ({error}); fetch it again") from None
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if part:
                yield part
    if not inflate.eof:
        raise file.error("the compressed archive ends too early; fetch it again")
