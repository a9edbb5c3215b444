"""Image bytes to pixels, as each original's decoder gives them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mappings.errors import ImageError
from verify.preprocessing.size import image_size, opened_with_pillow

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def by_opencv(data: bytes, flags: int = cv2.IMREAD_COLOR) -> Pixels:
    """RGB (H, W, 3), upright by its EXIF orientation: what mmcv's ``imfrombytes`` gives."""
    refuse_empty(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        require_memory(data)
        raise ImageError(f"OpenCV does not decode this image: {error.err}") from None
    if pixels is None:
        require_memory(data)
        raise ImageError("OpenCV does not decode this image: damaged, or of a format it lacks")
    return np.ascontiguousarray(np.asarray(pixels, np.uint8)[..., ::-1])


def by_pillow(data: bytes) -> Image.Image:
    """RGB, as it lies in the file (no EXIF rotation): what timm's ``ImageDataset`` gives."""
    refuse_empty(data)
    try:
        with opened_with_pillow(data) as image:
            # Transparency takes no part in the conversion; Pillow only warns about it.
            image.info.pop("transparency", None)
            return image.convert("RGB")
    except UnidentifiedImageError:
        raise ImageError("Pillow does not decode this image: of a format it lacks") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them
        require_memory(data)
        raise ImageError(f"Pillow does not decode this image: {error}") from None


def refuse_empty(data: bytes) -> None:
    """Raises ImageError for no bytes at all."""
    if not data:
        raise ImageError("the image is empty (0 bytes)")


def require_memory(data: bytes) -> None:
    """Raise MemoryError where the memory is missing that a decoder takes for this image.

    Decoders say the same of a damaged image and of missing memory, and only the first is an answer.
    The memory is asked for and not touched: 16 bytes a pixel are enough for the pixels, the copy
    that is turned, and the coefficients of a progressive JPEG (6 bytes).
    """
    width, height = image_size(data)
    np.empty(16 * width * height, np.uint8)
