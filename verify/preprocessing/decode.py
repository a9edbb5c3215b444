"""From image bytes to pixels, as each original decodes them."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mappings.errors import ImageError
from verify.preprocessing.size import image_size, opened_with_pillow

Pixels = np.ndarray[Any, np.dtype[np.uint8]]

if "OPENCV_LOG_LEVEL" not in os.environ:  # a damaged image is told in our own line
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # not its warnings


def by_opencv(data: bytes, flags: int = cv2.IMREAD_COLOR) -> Pixels:
    """RGB (H, W, 3), turned upright by its EXIF orientation, as mmcv's ``imfrombytes`` does."""
    refuse_empty(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        require_memory(data)
        raise ImageError(f"OpenCV does not decode this image: {error.err}") from None
    if pixels is None:
        require_memory(data)
        raise ImageError(
            "OpenCV does not decode this image: it is damaged, or its format is unknown"
        )
    return np.ascontiguousarray(np.asarray(pixels, np.uint8)[..., ::-1])


def by_pillow(data: bytes) -> Image.Image:
    """RGB as stored, without EXIF rotation, as timm's ``ImageDataset`` does."""
    refuse_empty(data)
    try:
        with opened_with_pillow(data) as image:
            # The conversion does not use transparency; Pillow only warns about it.
            image.info.pop("transparency", None)
            return image.convert("RGB")
    except UnidentifiedImageError:
        raise ImageError("Pillow does not decode this image: its format is unknown") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them
        require_memory(data)
        raise ImageError(f"Pillow does not decode this image: {error}") from None


def refuse_empty(data: bytes) -> None:
    """Raise ImageError if there are no bytes."""
    if not data:
        raise ImageError("the image is empty (0 bytes)")


def require_memory(data: bytes) -> None:
    """Raise MemoryError if there is too little memory to decode this image.

    Decoders report a damaged image and missing memory alike, but only the first is a result. The
    memory is allocated and not touched: 16 bytes for each pixel are enough for the pixels, a turned
    copy, and the coefficients of a progressive JPEG (6 bytes).
    """
    width, height = image_size(data)
    np.empty(16 * width * height, np.uint8)
