"""From image bytes to pixels, as ``mxnet.image.imdecode`` of MXNet 1.9.1 decodes them.

Its wheel contains OpenCV 3.4.2 and libjpeg-turbo 2.0. Today's OpenCV agrees with it bit for bit
except for the cases below, which are reproduced here. Not reproduced: a CMYK JPEG that is cut
short, a progressive JPEG with 4:4:0 chroma, and a TIFF that is compressed or turned.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageOps

from mappings.errors import ImageError
from verify.preprocessing.chroma import decode_440
from verify.preprocessing.decode import Pixels, by_opencv, refuse_empty
from verify.preprocessing.jpeg import APP1, JPEG, START_OF_FRAME, segments
from verify.preprocessing.size import opened_with_pillow

JFIF, EXIF = b"JFIF\0", b"Exif\0\0"
SIGNATURES = (JPEG, b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")
"""The formats that MXNet's OpenCV reads: JPEG, PNG, BMP, TIFF."""

AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def by_mxnet(data: bytes) -> Pixels:
    """RGB (H, W, 3). Raises ImageError for what MXNet refuses or decodes at random."""
    refuse_empty(data)
    if not data.startswith(SIGNATURES):
        raise ImageError("MXNet decodes JPEG, PNG, BMP and TIFF, but this image has another format")
    if not data.startswith(JPEG):
        return by_opencv(data, AS_STORED)
    turned = turns_upright(data)
    pixels = decode_440(data)
    if pixels is None:
        try:
            return by_opencv(data, cv2.IMREAD_COLOR if turned else AS_STORED)
        except ImageError:
            pixels = cut_short(data)
            if pixels is None:
                raise
    return upright(pixels, data) if turned else pixels


def turns_upright(data: bytes) -> bool:
    """Whether MXNet turns a JPEG by its EXIF orientation.

    If it begins with a JFIF segment and MXNet finds its size in the header (src/io/image_io.cc,
    get_jpeg_size), OpenCV writes into memory of that size and ignores EXIF. Otherwise EXIF counts
    if it is in the first APP1 segment.
    """
    found = list(segments(data))
    if data[6:11] == JFIF and any(marker in START_OF_FRAME for marker, _ in found):
        return False
    first = next((content for marker, content in found if marker == APP1), 0)
    return data[first : first + len(EXIF)] == EXIF


def upright(pixels: Pixels, data: bytes) -> Pixels:
    """The pixels turned by the EXIF orientation of a JPEG that OpenCV did not decode."""
    with opened_with_pillow(data) as image:
        turned = Image.fromarray(pixels)
        turned.getexif().update(image.getexif())
    return np.array(ImageOps.exif_transpose(turned))


def cut_short(data: bytes) -> Pixels | None:
    """The pixels of a sequential JPEG, grey or coloured, whose end is missing.

    MXNet repeats the last row of pixels that was decoded whole; today's OpenCV refuses the file.
    None if no row was: MXNet's pixels are then whatever the memory held.
    """
    try:
        black, white = (_decoded_so_far(data, fill) for fill in (0, 255))
        same = (black == white).all(axis=(1, 2))
        rows = int(np.argmin(same))
        if same.all() or not rows:
            return None
        black[rows:] = black[rows - 1]
        return black
    except MemoryError:
        raise
    except Exception:  # Pillow's decoders raise whatever a damaged file makes them
        return None


def _decoded_so_far(data: bytes, fill: int) -> Pixels:
    """RGB of a canvas filled with ``fill``, on which Pillow has decoded the part that is there."""
    with opened_with_pillow(data, ("JPEG",)) as image:
        if image.mode not in ("L", "RGB"):
            raise ImageError("only grey and coloured images are decoded in part")
        codec, extents, _, arguments = image.tile[0]
        canvas = Image.new(image.mode, image.size, fill * 0x010101)
        decoder = Image._getdecoder(image.mode, codec, arguments, image.decoderconfig)
    decoder.setimage(canvas.im, extents)
    decoder.decode(data)
    return np.array(canvas.convert("RGB"))
