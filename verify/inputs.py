"""The reference inputs: packaged photographs and scans as exact bytes, so that parity does not
depend on preprocessing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from architectures import Model
from convert.formats import Array

IMAGES = Path(str(files("verify") / "images"))
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def reference_pixels(model: Model) -> Array:
    """The crops that belong to a model's input size: uint8 RGB (N, H, W, 3)."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        pixels: Array = arrays["digits" if model.input_size == 32 else "photographs"]
    return pixels


def reference_names(model: Model) -> tuple[str, ...]:
    """The file names of the images that ``reference_pixels`` gives, in the same order."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        names = arrays["digit_names" if model.input_size == 32 else "photograph_names"]
    return tuple(map(str, names))


def reference_inputs(model: Model) -> Array:
    """What the networks are given: float32 (N, 3, H, W), normalised."""
    pixels = reference_pixels(model).astype(np.float32)
    return np.ascontiguousarray(((pixels / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2))
