"""The segments of a JPEG, which say what its decoder must do before it decodes."""

from __future__ import annotations

from collections.abc import Iterator

APP1, BASELINE, SCAN = 0xE1, 0xC0, 0xDA
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SKIPPED = frozenset({0xC0, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE})
"""Segments that OpenCV 3.4.2 passes over in search of EXIF; it stops at any other."""


def segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG up to its pixels, each with where its content begins."""
    position = 2
    while data[position : position + 1] == b"\xff" and position + 4 <= len(data):
        marker, content = data[position + 1], position + 4
        yield marker, content
        if marker not in SKIPPED:
            return
        position += 2 + int.from_bytes(data[position + 2 : content])
