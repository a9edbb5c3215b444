"""The size of an image, read from its header before anything is decoded."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from mappings.errors import ImageError
from verify.preprocessing.jpeg import JPEG, SCAN, START_OF_FRAME, all_segments

MAX_SCANS = 500
"""The most scans of a JPEG. Each takes time for the whole image, however few bytes it has.
Encoders write about ten; libjpeg-turbo's own fuzzers stop at 500."""

MAX_MISSING = 1 << 24
"""Bytes that a PNG's chunk may claim beyond the end of the file. OpenCV judges a file that is cut
short, but it must not allocate gigabytes for it."""

PNG, BMP = b"\x89PNG\r\n\x1a\n", b"BM"
TIFF_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
TIFF_WIDTHS, TIFF_HEIGHTS = {256, 322}, {257, 323}
"""The tags for the size of a TIFF's image and of its tiles (TIFF 6.0, sections 8 and 15)."""
TIFF_NUMBERS = {1: "B", 3: "H", 4: "I"}

LOCK = threading.Lock()


def require_decodable_size(data: bytes, max_pixels: int) -> None:
    """Raise ImageError for an image of more than ``max_pixels`` pixels, or of too many scans.

    Nothing is decoded, so the result does not depend on the free memory.
    """
    width, height = image_size(data)
    if width * height > max_pixels:
        raise ImageError(
            f"the image has {width} x {height} pixels, which is more than {max_pixels}: if you "
            f"trust it, allow them with --max-pixels {width * height}"
        )
    if data.startswith(JPEG):
        scans = sum(marker == SCAN for marker, _ in all_segments(data))
        if scans > MAX_SCANS:
            raise ImageError(f"the image is a JPEG of {scans} scans; expected at most {MAX_SCANS}")


def image_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header. Raises ImageError if no header has them."""
    try:
        return _by_hand(data) or _by_pillow(data)
    except struct.error as error:
        what = "the image is damaged: it ends before its header says its width and height"
        raise ImageError(what) from error
    except ValueError as error:
        raise ImageError(f"the image is damaged: {error}") from error


@contextmanager
def opened_with_pillow(
    data: bytes, formats: tuple[str, ...] | None = None
) -> Iterator[ImageFile.ImageFile]:
    """Open an image whose size is already checked, without Pillow's own limit on the size."""
    size, limit = _by_hand(data), Image.MAX_IMAGE_PIXELS
    if limit is None or (size and size[0] * size[1] <= limit):
        with Image.open(io.BytesIO(data), formats=formats) as image:
            yield image
        return
    with LOCK:  # Pillow has one limit for the whole process, which is lifted inside this block
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with Image.open(io.BytesIO(data), formats=formats) as image:
                yield image
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _by_hand(data: bytes) -> tuple[int, int] | None:
    """The size for the formats that MXNet reads and for WebP, which Pillow decodes as it opens it.

    None for other formats. Raises struct.error or ValueError if the header ends too early.
    """
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(BMP):
        core = struct.unpack_from("<I", data, 14) == (12,)  # the header of OS/2
        width, height = struct.unpack_from("<HH" if core else "<ii", data, 18)
        return abs(width), abs(height)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    order = TIFF_ORDERS.get(data[:4])
    return _tiff(data, order) if order else None


def _png(data: bytes) -> tuple[int, int]:
    """The size is in the first chunk. OpenCV allocates what a chunk claims before it checks the
    length of the file, so a claim far beyond its end is refused here.
    """
    position = len(PNG)
    while position + 8 <= len(data) and data[position + 4 : position + 8] != b"IEND":
        position += 12 + int.from_bytes(data[position : position + 4])
    if position > len(data) + MAX_MISSING:
        raise ValueError("a chunk ends beyond the file")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """The largest frame; libjpeg refuses a JPEG with two."""
    frames = [at for marker, at in all_segments(data) if marker in START_OF_FRAME]
    sizes = [struct.unpack_from(">HH", data, at + 1) for at in frames]
    if not sizes:
        raise ValueError("it has no frame header, which has its width and height")
    height, width = max(sizes, key=lambda size: size[0] * size[1])
    return width, height


def _webp(data: bytes) -> tuple[int, int]:
    """The size is in the first chunk: VP8X, VP8L or VP8 (RFC 9649)."""
    kind = data[12:16]
    if kind == b"VP8X":
        low, high, more = struct.unpack_from("<HHH", data, 24)  # two numbers of 24 bits
        return 1 + (low | (high & 0xFF) << 16), 1 + (high >> 8 | more << 8)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _tiff(data: bytes, order: str) -> tuple[int, int]:
    """The larger of the image and its tiles, from the first directory."""
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    width = height = 0
    for entry in range(at + 2, min(at + 2 + 12 * count, len(data) - 11), 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if kind in TIFF_NUMBERS:
            (value,) = struct.unpack_from(order + TIFF_NUMBERS[kind], data, entry + 8)
            width = max(width, value) if tag in TIFF_WIDTHS else width
            height = max(height, value) if tag in TIFF_HEIGHTS else height
    if not width or not height:
        raise ValueError("its first directory has no size")
    return width, height


def _by_pillow(data: bytes) -> tuple[int, int]:
    try:
        with opened_with_pillow(data) as image:
            return image.size
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them
        raise ImageError("the image is damaged, or its format is unknown") from error
