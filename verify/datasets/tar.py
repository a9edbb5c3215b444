"""The files of an uncompressed tar archive, as names and locations; nothing is extracted.

Python's tarfile is not used: its time and memory for extended headers grow with the square of
their size, and sparse files or chains of headers make it raise unexpected exceptions.
The format is POSIX.1-1988 ustar with GNU's long names and POSIX.1-2001's extended headers (pax).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convert.formats.regular import open_regular
from mappings.errors import DatasetError
from verify.datasets.labelled_images import Location
from verify.datasets.listing import Listing

BLOCK = 512
HEADER = struct.Struct("100s 24x 12s 12x 8s c 100x 6s 82x 155s 12x")
"""Name, size, checksum, type, magic number, prefix of the name."""
REGULAR, FOLDER, LONG_NAME, LONG_LINK, EXTENDED, GLOBAL = b"0\0007", b"5", b"L", b"K", b"xX", b"g"

MAX_EXTENDED = 1 << 20
"""Bytes of an extended header. A name takes at most 4096; extended attributes take more."""


class Damaged(Exception):
    """Raised with what is wrong with the current header."""


@dataclass(frozen=True)
class TarMember:
    """A member of any kind: its name, its type, and where its content is."""

    name: str
    kind: bytes
    offset: int
    size: int


def list_tar(path: Path) -> Listing:
    """The members of an uncompressed tar archive, each at its offset.

    Raises DatasetError for a compressed or damaged archive, for members that are neither files nor
    folders, for names that lead out of the archive, and for a name that occurs twice; FormatError
    for an archive that is not a regular file.
    """
    files: dict[str, Location] = {}
    folders: set[str] = set()
    with open_regular(path) as file:
        for member in members(path, file.fileno()):
            name = member.name.removeprefix("./")
            if name.startswith("/") or ".." in name.split("/"):
                raise DatasetError(f"{path}: member {member.name!r} leads out of the archive")
            if member.kind in FOLDER or name.endswith("/"):
                folders.add(name.partition("/")[0])
                continue
            if member.kind not in REGULAR:
                raise DatasetError(
                    f"{path}: member {member.name!r} is a link or a device, not a file"
                )
            if name in files:
                raise DatasetError(f"{path}: {name!r} occurs twice: every image counts once")
            files[name] = Location(str(path), ((member.offset, member.size),))
            if "/" in name:
                folders.add(name.partition("/")[0])
    return Listing(str(path), files, tuple(sorted(folders - {"", "."})))


def members(path: Path, file: int) -> Iterator[TarMember]:
    """Every member of an open archive in order; only headers are read."""
    position, end = 0, os.fstat(file).st_size
    said: dict[bytes, bytes] = {}  # by the headers before the current one
    while True:
        block = os.pread(file, BLOCK, position)
        if position and block == bytes(BLOCK):
            return
        try:
            member = _member(block, position + BLOCK, said)
        except Damaged as error:
            if not position:
                what = f"not an uncompressed tar archive ({error}): gunzip it, or copy it again"
            else:
                what = f"damaged or cut short at byte {position} ({error}): copy it again"
            raise DatasetError(f"{path}: {what}") from None
        if member.size > end - member.offset:
            raise DatasetError(
                f"{path}: member {member.name!r} needs {member.size} bytes, but the archive "
                "ends before: it was cut short, copy it again"
            )
        if member.kind in EXTENDED or member.kind == LONG_NAME:
            if member.size > MAX_EXTENDED:
                raise DatasetError(
                    f"{path}: byte {position}: an extended header of {member.size} bytes; expected "
                    f"at most {MAX_EXTENDED}"
                )
            content = os.pread(file, member.size, member.offset)
            said |= records(content) if member.kind in EXTENDED else {b"path": content}
        elif member.kind not in LONG_LINK + GLOBAL:
            said = {}
            yield member
        position = member.offset + (member.size + BLOCK - 1) // BLOCK * BLOCK


def _member(block: bytes, offset: int, said: dict[bytes, bytes]) -> TarMember:
    if len(block) < BLOCK:
        raise Damaged("the file ends in a header")
    name, size, checksum, kind, magic, prefix = HEADER.unpack(block)
    total = sum(block[:148]) + sum(block[156:]) + 8 * ord(" ")
    if total != _number(checksum):
        raise Damaged("its checksum is wrong")
    own = kind in EXTENDED + LONG_NAME + LONG_LINK + GLOBAL
    if not own and any(keyword.startswith(b"GNU.sparse.") for keyword in said):
        raise Damaged("it is a sparse file; pack it again without --sparse")
    name = _text(name)
    if magic == b"ustar\0" and _text(prefix):
        name = _text(prefix) + b"/" + name
    length = _number(size)
    if not own:
        name = _text(said.get(b"path", name))
        length = _decimal(said[b"size"]) if b"size" in said else length
    if kind in FOLDER:
        length = 0
    return TarMember(name.decode("utf-8", "surrogateescape"), kind, offset, length)


def records(content: bytes) -> dict[bytes, bytes]:
    """The records of an extended header. Each is its own length, a blank, ``keyword=value`` and a
    line break. What follows the last whole record is padding."""
    found, position = {}, 0
    while position < len(content):
        length, blank, _ = content[position : position + 21].partition(b" ")
        if not blank or not length.isdigit() or not int(length):
            break
        keyword, _, value = content[position : position + int(length)].partition(b"=")
        found[keyword.partition(b" ")[2]] = value.removesuffix(b"\n")
        position += int(length)
    return found


def _number(field: bytes) -> int:
    """The number of a field: octal digits, or if the first bit is set, GNU's binary number."""
    if field[0] & 0x80:
        if field[0] != 0x80:
            raise Damaged("its size is negative or too large")
        return int.from_bytes(field[1:])
    digits = _text(field).strip(b" ")
    if digits.strip(b"01234567"):
        raise Damaged(f"found {digits!r}, expected octal digits")
    return int(digits or b"0", 8)


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise Damaged("the extended header's size is not a number")
    return int(digits)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
