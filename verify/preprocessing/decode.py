"""Image bytes to pixels, as each original's decoder gives them."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mappings.errors import GluonportError

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


class ImageError(GluonportError):
    """An image that the regime's decoder does not decode."""


def by_opencv(data: bytes, flags: int = cv2.IMREAD_COLOR) -> Pixels:
    """RGB (H, W, 3), upright by its EXIF orientation: what mmcv's ``imfrombytes`` gives."""
    refuse_empty(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ImageError(f"OpenCV does not decode this image: {error.err}") from None
    if pixels is None:
        raise ImageError("OpenCV does not decode this image: damaged, or of a format it lacks")
    return np.ascontiguousarray(np.asarray(pixels, np.uint8)[..., ::-1])


def by_pillow(data: bytes) -> Image.Image:
    """RGB, as it lies in the file (no EXIF rotation): what timm's ``ImageDataset`` gives."""
    refuse_empty(data)
    try:
        with Image.open(io.BytesIO(data)) as image:
            # Transparency takes no part in the conversion; Pillow only warns about it.
            image.info.pop("transparency", None)
            return image.convert("RGB")
    except UnidentifiedImageError:
        raise ImageError("Pillow does not decode this image: of a format it lacks") from None
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them
        raise ImageError(f"Pillow does not decode this image: {error}") from None


def refuse_empty(data: bytes) -> None:
    """Raises ImageError for no bytes at all."""
    if not data:
        raise ImageError("the image is empty (0 bytes)")
