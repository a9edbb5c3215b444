"""Image bytes to pixels, as ``mxnet.image.imdecode`` of MXNet 1.9.1 gives them."""

from __future__ import annotations

import cv2

from verify.preprocessing.decode import ImageError, Pixels, by_opencv, refuse_empty

SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0", b"MM\0*")
"""The formats that MXNet's OpenCV reads: JPEG, PNG, BMP, TIFF."""


def by_mxnet(data: bytes) -> Pixels:
    """RGB (H, W, 3). Upright by EXIF only where MXNet does not know the size beforehand."""
    refuse_empty(data)
    if not data.startswith(SIGNATURES):
        raise ImageError("MXNet decodes JPEG, PNG, BMP and TIFF, and this image is none of them")
    if size_known(data):
        return by_opencv(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return by_opencv(data)


def size_known(data: bytes) -> bool:
    """Whether MXNet reads the size from the header itself: of a PNG, and of a JPEG that begins with
    a JFIF segment. Its OpenCV then writes into memory of that size and leaves EXIF alone."""
    if data.startswith(b"\x89PNG"):
        return True
    if not data.startswith(b"\xff\xd8\xff\xe0") or data[6:11] != b"JFIF\0":
        return False
    position = 4
    while position + 1 < len(data):
        position += int.from_bytes(data[position : position + 2])
        if data[position : position + 1] != b"\xff":
            return False
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return True
        position += 2
    return False
