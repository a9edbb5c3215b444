"""JPEGs whose chroma is halved in height only (4:4:0), decoded as libjpeg-turbo 2.0 does.

Such files come from lossless rotation of a camera's 4:2:2. libjpeg-turbo 2.0 rounds all enlarged
rows in the same way; today's library rounds one row up and the next down. Today's library still
gives the chroma as it is stored if the header is changed to say four components of equal size: the
two blocks of luma in a unit, then Cb and Cr. That makes the luma wrong, since its two blocks share
one prediction, so the luma is decoded separately, as a grey image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.preprocessing.decode import Pixels
from verify.preprocessing.jpeg import BASELINE, SCAN, segments
from verify.preprocessing.size import opened_with_pillow

SAMPLING = b"\x12", b"\x11", b"\x11"
HALF = 1 << 15
STRIP = 256
"""Rows that are computed at once in int32, so that memory stays near that of the pixels; even."""

Rows = np.ndarray[Any, np.dtype[np.int32]]


def fixed(value: float) -> int:
    """A coefficient with 16 bits of fraction, as in libjpeg's jdcolor.c."""
    return int(value * 65536 + 0.5)


def decode_440(data: bytes) -> Pixels | None:
    """RGB (H, W, 3) of a baseline JPEG of three components, 4:4:0, in one scan; None for others."""
    found = dict(segments(data))
    frame, scan = found.get(BASELINE, len(data)), found.get(SCAN, len(data))
    if data[frame + 5 : frame + 6] != b"\3" or data[scan : scan + 1] != b"\3":
        return None
    components = [data[at : at + 3] for at in range(frame + 6, frame + 15, 3)]
    if tuple(component[1:2] for component in components) != SAMPLING:
        return None
    height = int.from_bytes(data[frame + 1 : frame + 3])
    try:
        with opened_with_pillow(data) as image:
            image.draft("L", image.size)
            luma = np.asarray(image.convert("L"))
        with opened_with_pillow(as_four_components(data, frame, scan, height)) as image:
            inverted = np.asarray(image)  # Pillow inverts four components: it takes them for CMYK
    except MemoryError:
        raise
    except Exception:  # Pillow's decoders raise whatever a damaged file makes them
        return None
    pixels: Pixels = np.empty((*luma.shape, 3), np.uint8)
    for top in range(0, height, STRIP):
        strip = slice(top, top + STRIP)
        pixels[strip] = _rgb(luma[strip], inverted, top // 2)
    return pixels


def _rgb(luma: Pixels, inverted: Pixels, first: int) -> Rows:
    """RGB (h, W, 3) of luma (h, W), from the chroma of a whole image, (H / 2, W, 4) inverted, whose
    row ``first`` belongs to the first two rows of luma."""
    y: Rows = luma.astype(np.int32)
    nearest = np.arange(first - 1, first + (len(y) + 1) // 2 + 1).clip(0, len(inverted) - 1)
    chroma = 255 - inverted[nearest, :, 2:].astype(np.int32)
    cb, cr = (enlarge(chroma[..., band])[: len(y)] - 128 for band in (0, 1))
    red = y + ((fixed(1.402) * cr + HALF) >> 16)
    green = y + ((-fixed(0.34414) * cb - fixed(0.71414) * cr + HALF) >> 16)
    blue = y + ((fixed(1.772) * cb + HALF) >> 16)
    return np.stack([red, green, blue], axis=-1).clip(0, 255)


def as_four_components(data: bytes, frame: int, scan: int, height: int) -> bytes:
    """The same units of blocks under a header of four components and half the height.

    A frame header is its length, precision, height and width, then the identifier, sampling and
    table of each component. A scan header is its length, then the identifier and tables of each.
    """
    luma, *chroma = (data[at : at + 3] for at in range(frame + 6, frame + 15, 3))
    first, *others = (data[at : at + 2] for at in range(scan + 1, scan + 7, 2))
    spare = min({*range(4)} - {luma[0], chroma[0][0], chroma[1][0]})
    same = bytes([0x11, luma[2]])
    half = ((height + 1) // 2).to_bytes(2)
    frame_header = [(20).to_bytes(2), data[frame : frame + 1], half, data[frame + 3 : frame + 5]]
    frame_header += [b"\4", luma[:1], same, bytes([spare]), same, *chroma]
    scan_header = [(14).to_bytes(2), b"\4", first, bytes([spare, first[1]]), *others]
    return b"".join(
        [
            data[: frame - 2],
            *frame_header,
            data[frame + 15 : scan - 2],
            *scan_header,
            data[scan + 7 :],
        ]
    )


def enlarge(rows: Rows) -> Rows:
    """Rows (n + 2, W) to (2 n, W), all but the outer two doubled: three parts of the nearest row
    and one part of the next, plus 1/4, rounded down."""
    above, middle, below = rows[:-2], rows[1:-1], rows[2:]
    doubled = np.stack([3 * middle + above + 1 >> 2, 3 * middle + below + 1 >> 2], axis=1)
    return doubled.reshape(-1, rows.shape[1])
