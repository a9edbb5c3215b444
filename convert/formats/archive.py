"""The files in a zip archive (a ``.params`` file of MXNet 2.x, or PyTorch's) and where they lie."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from convert.formats.limits import MAX_ARRAYS, MAX_DIRECTORY
from convert.formats.mapped import Buffered, MappedFile

LOCAL = struct.Struct("<4s5H3I2H")  # the header before each member: APPNOTE.TXT 4.3.7
ENCRYPTED, IN_DESCRIPTOR, UTF8 = 0x1, 0x8, 0x800  # general purpose flags: 4.4.4
IN_ZIP64 = 0xFFFFFFFF  # stands for a size that the extra field holds: 4.4.9


@dataclass(frozen=True)
class Member:
    """A file in the zip: where its bytes begin and end, and their recorded checksum."""

    name: str
    begin: int
    end: int
    crc: int

    def require_crc(self, file: MappedFile, array: str) -> None:
        """Raise FormatError if the bytes do not have the recorded checksum."""
        crc = 0
        for part in file.parts(self.begin, self.end):
            crc = zlib.crc32(part, crc)
        if crc != self.crc:
            what = f"the checksum of {self.name!r} is {crc:08x}; expected {self.crc:08x}"
            raise file.damaged(what, self.begin, array)


def directory(file: MappedFile) -> tuple[list[ZipInfo], int]:
    """The zip's directory, in file order, and where it begins. Raises FormatError."""
    try:
        with ZipFile(_Bounded(file)) as archive:
            return sorted(
                archive.infolist(), key=lambda info: info.header_offset
            ), archive.start_dir
    except (BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
        raise file.damaged(f"the zip has no sound directory at its end ({error})", 0) from error


class _Bounded(Buffered):
    """A file as zipfile reads it; no single read may be longer than ``MAX_DIRECTORY``."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise BadZipFile(f"it takes {size} bytes; expected at most {MAX_DIRECTORY}")
        data = super().read(size)
        if data.count(b"PK\1\2") > MAX_ARRAYS:
            raise BadZipFile(f"it lists more than {MAX_ARRAYS} files")
        return data


def members(file: MappedFile) -> list[Member]:
    """The files in the zip, each stored without compression and without overlapping another.

    Raises FormatError for any other file, and if a file's own header contradicts the directory.
    """
    infos, end = directory(file)
    ends = [*(min(info.header_offset, end) for info in infos[1:]), end]
    return [
        _member(file, info, end)
        for info, end in zip(infos, ends, strict=True)
        if not info.filename.endswith("/") or info.file_size
    ]


def _member(file: MappedFile, info: ZipInfo, end: int) -> Member:
    at, name = info.header_offset, info.orig_filename
    if not 0 <= at <= end - LOCAL.size:
        what = f"the header of this member is said to be at byte {at}; expected before {end}"
        raise file.damaged(what, min(max(at, 0), file.size), name)
    if info.flag_bits & ENCRYPTED or info.compress_type != ZIP_STORED:
        what = "compressed or encrypted; expected bytes that can be read as they lie"
        raise file.error(f"{what}: unpack the zip and pack it again with zip -0", at, name)
    mark, _, flags, method, _, _, _, packed, size, spelled, extra = file.unpack(LOCAL, at)
    begin = at + LOCAL.size + spelled + extra
    encoded = name.encode("utf-8" if info.flag_bits & UTF8 else "cp437")
    agrees = (
        (mark, method) == (b"PK\3\4", ZIP_STORED)
        and file.read(at + LOCAL.size, at + LOCAL.size + spelled) == encoded
        and (flags & IN_DESCRIPTOR or {packed, size} <= {info.file_size, IN_ZIP64})
        and info.compress_size == info.file_size
        and begin + info.file_size <= end
    )
    if not agrees or "\0" in name:
        raise file.damaged("the header of this member contradicts the zip's directory", at, name)
    return Member(name, begin, begin + info.file_size, info.CRC)
