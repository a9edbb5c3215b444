"""The segments of a JPEG: what its header says, read without decoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

JPEG = b"\xff\xd8\xff"
APP1, BASELINE, END, SCAN = 0xE1, 0xC0, 0xD9, 0xDA
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SKIPPED = frozenset({0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})
"""Segments that OpenCV 3.4.2 skips when it looks for EXIF; it stops at any other."""

MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""A marker with a segment: not a stuffed 0xFF, padding, TEM or a restart."""


def segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG up to its pixels, each with the offset of its content.

    The content may be beyond the end of ``data``, so slice it rather than index it.
    """
    position = 2
    while data[position : position + 1] == b"\xff" and position + 4 <= len(data):
        marker, content = data[position + 1], position + 4
        yield marker, content
        if marker not in SKIPPED:
            return
        position += 2 + int.from_bytes(data[position + 2 : content])


def all_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a whole JPEG, all scans included, each with the offset of its content.

    As in libjpeg (jdmarker.c, next_marker), anything between a segment and the next marker is
    skipped.
    """
    position = 2
    while (found := MARKER.search(data, position)) and data[found.end() - 1] != END:
        content = found.end() + 2
        yield data[found.end() - 1], content
        position = found.end() + max(2, int.from_bytes(data[found.end() : content]))
