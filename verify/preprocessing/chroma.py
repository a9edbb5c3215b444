"""JPEGs with chroma halved in height alone (4:4:0), as libjpeg-turbo 2.0 enlarges it.

Lossless rotation of a camera's 4:2:2 writes them. libjpeg-turbo 2.0 rounds every enlarged row
alike, today's rounds one up and one down. The chroma itself comes out of today's library too, if
the header says that there are four components of equal size: the two blocks of luma in a unit, then
Cb and Cr. The luma is then wrong, for the two share their prediction, but it can be had as grey.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.preprocessing.decode import Pixels
from verify.preprocessing.jpeg import BASELINE, SCAN, segments
from verify.preprocessing.size import opened_with_pillow

SAMPLING = b"\x12", b"\x11", b"\x11"
HALF = 1 << 15

Planes = np.ndarray[Any, np.dtype[np.int32]]


def fixed(value: float) -> int:
    """16 bits of fraction, as libjpeg's jdcolor.c has its coefficients."""
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
            luma: Planes = np.asarray(image.convert("L"), np.int32)
        with opened_with_pillow(as_four_components(data, frame, scan, height)) as image:
            planes: Planes = 255 - np.asarray(image, np.int32)  # Pillow inverts what may be CMYK
    except MemoryError:
        raise
    except Exception:  # Pillow's decoders raise whatever a damaged file makes them
        return None
    cb, cr = (enlarge(planes[..., band])[:height] - 128 for band in (2, 3))
    red = luma + ((fixed(1.402) * cr + HALF) >> 16)
    green = luma + ((-fixed(0.34414) * cb - fixed(0.71414) * cr + HALF) >> 16)
    blue = luma + ((fixed(1.772) * cb + HALF) >> 16)
    return np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.uint8)


def as_four_components(data: bytes, frame: int, scan: int, height: int) -> bytes:
    """The same units of blocks, told as four components of half the height.

    A frame header is its length, precision, height, width, then identifier, sampling and table of
    each component; a scan header its length, then identifier and tables of each.
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


def enlarge(rows: Planes) -> Planes:
    """Twice the rows: three parts of the nearest to one part of the next, rounded down from 1/4."""
    above, below = np.vstack([rows[:1], rows[:-1]]), np.vstack([rows[1:], rows[-1:]])
    doubled = np.stack([3 * rows + above + 1 >> 2, 3 * rows + below + 1 >> 2], axis=1)
    return doubled.reshape(-1, rows.shape[1])
