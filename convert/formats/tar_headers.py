"""The members of a tar archive, as names and places; nothing is extracted.

Python's tarfile is not used: its time and memory for extended headers grow with the square of
their size, and sparse files or chains of headers make it raise unexpected exceptions.
The format is POSIX.1-1988 ustar with GNU's long names and POSIX.1-2001's extended headers (pax).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLOCK = 512
HEADER = struct.Struct("100s 24x 12s 12x 8s c 100x 6s 82x 155s 12x")
"""Name, size, checksum, type, magic number, prefix of the name."""
REGULAR, FOLDER, LONG_NAME, LONG_LINK, EXTENDED, GLOBAL = b"0\0007", b"5", b"L", b"K", b"xX", b"g"

MAX_EXTENDED = 1 << 20
"""Bytes of an extended header. A name takes at most 4096; extended attributes take more."""

Read = Callable[[int, int], bytes]
"""``read(offset, size)``: the bytes there, fewer at the archive's end. Offsets only grow."""


class Damaged(Exception):
    """Raised with what is wrong with the header at ``position``; 0 if it is unknown as yet."""

    def __init__(self, what: str, position: int = 0) -> None:
        super().__init__(what)
        self.position = position


class WrongMember(Exception):
    """Raised with what a sound header says that cannot be."""


@dataclass(frozen=True)
class TarMember:
    """A member of any kind: its name, its type, and where its content is."""

    name: str
    kind: bytes
    offset: int
    size: int

    @property
    def is_file(self) -> bool:
        return self.kind in REGULAR

    @property
    def is_folder(self) -> bool:
        return self.kind in FOLDER or self.name.endswith("/")

    @property
    def leads_out(self) -> bool:
        """Whether its name is absolute or climbs out of the archive."""
        return self.name.startswith("/") or ".." in self.name.split("/")


def members(read: Read, end: int | None = None) -> Iterator[TarMember]:
    """Every member of an archive in order; only headers are read.

    ``end`` is the archive's size, None if it is not known before it was read. Raises Damaged for a
    header that is not one, and WrongMember for one that promises too much.
    """
    position = 0
    said: dict[bytes, bytes] = {}  # by the headers before the current one
    while True:
        block = read(position, BLOCK)
        if position and block == bytes(BLOCK):
            return
        try:
            member = _member(block, position + BLOCK, said)
        except Damaged as error:
            raise Damaged(str(error), position) from None
        if end is not None and member.size > end - member.offset:
            raise WrongMember(
                f"member {member.name!r} needs {member.size} bytes, but the archive "
                "ends before: it was cut short, copy it again"
            )
        if member.kind in EXTENDED or member.kind == LONG_NAME:
            if member.size > MAX_EXTENDED:
                raise WrongMember(
                    f"byte {position}: an extended header of {member.size} bytes; expected "
                    f"at most {MAX_EXTENDED}"
                )
            content = read(member.offset, member.size)
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
