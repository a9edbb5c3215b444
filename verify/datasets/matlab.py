"""The synset list of the ILSVRC2012 development kit, ``meta.mat``: a MATLAB 5 file.

Only what that file uses is read: a struct array ``synsets`` with fields ``ILSVRC2012_ID`` and
``WNID`` (MathWorks, "MAT-File Format", level 5). The kit's readme: numbers from 1 to 1000 are the
classes of the challenge, above 1000 are inner nodes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from convert.formats.regular import read_bytes
from mappings.errors import DatasetError

HEADER = 128
LARGEST = 1 << 24
"""Bytes of the file, and of a matrix in it when inflated; the kit's has under 10 million."""
MAX_FIELDS = 64
"""Fields of a struct; the kit's synsets have 8."""
MATRIX, COMPRESSED = 14, 15
INTEGERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
STRUCT = 2
DAMAGED = (struct.error, zlib.error)

Element = tuple[int, bytes]


def read_synsets(path: Path) -> dict[int, str]:
    """WordNet id by the kit's number.

    Raises DatasetError for any other file, FormatError for one that cannot be read.
    """
    data = read_bytes(path, LARGEST)
    try:
        if data[126:128] != b"IM":
            raise ValueError("not a little-endian MATLAB 5 file")
        for kind, content in elements(data[HEADER:]):
            if kind == COMPRESSED:
                content = inflate(content)
                kind, content = next(elements(content))
            if kind == MATRIX and (synsets := struct_array(content)):
                columns = synsets["ILSVRC2012_ID"], synsets["WNID"]
                return {int(number(n)): text(w) for n, w in zip(*columns, strict=True)}
        raise ValueError("no struct array in it")
    except (ValueError, LookupError, ArithmeticError, StopIteration, *DAMAGED) as error:
        raise DatasetError(
            f"{path}: not the development kit's synset list ({error}): copy it, or map_clsloc.txt, "
            "from the kit again"
        ) from None


def elements(data: bytes) -> Iterator[Element]:
    """Type and content of each element; small ones have both in one tag of 8 bytes."""
    position = 0
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, position)
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
            position += 8
        else:
            start = position + 8
            position = start + (size if kind == COMPRESSED else (size + 7) // 8 * 8)
        if start + size > len(data):
            raise ValueError("an element is cut short")
        yield kind, data[start : start + size]


def inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, LARGEST)
    if inflater.unconsumed_tail:
        raise ValueError("too large when inflated")
    return content


def struct_array(content: bytes) -> dict[str, list[bytes]]:
    """Columns of a struct array, each cell as a matrix yet to be read; none for other matrices.

    A matrix is its flags, dimensions and name; a struct's go on with the length of field names, the
    names, and every field of the first element, of the second and so on.
    """
    parts = elements(content)
    flags = next(parts)[1]
    if flags[0] != STRUCT:
        return {}
    _, _, length, names = islice(parts, 4)
    (width,) = struct.unpack("<i", length[1])
    if width <= 0 or len(names[1]) > width * MAX_FIELDS:
        raise ValueError(f"expected fields with names, at most {MAX_FIELDS}")
    fields = [
        names[1][at : at + width].rstrip(b"\0").decode() for at in range(0, len(names[1]), width)
    ]
    cells = [cell for kind, cell in parts if kind == MATRIX]
    return {field: cells[at :: len(fields)] for at, field in enumerate(fields)}


def values(cell: bytes) -> tuple[int | float, ...]:
    """The numbers of a numeric matrix, or the characters of a text."""
    *_, (kind, data) = islice(elements(cell), 4)
    if kind == 16:  # UTF-8
        return tuple(data)
    code = INTEGERS[kind]
    return struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)


def number(cell: bytes) -> int | float:
    (value,) = values(cell)
    return value


def text(cell: bytes) -> str:
    return "".join(chr(int(value)) for value in values(cell))
