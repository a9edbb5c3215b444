"""The reference inputs: packaged photographs and scans as exact bytes, so that parity does not
depend on preprocessing."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from architectures import Model
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.record import RGB
from convert.formats import Array

IMAGES = Path(str(files("verify.reference") / "images"))
MEAN, STD = np.array(IMAGENET.mean, np.float32), np.array(IMAGENET.std, np.float32)


def reference_pixels(model: Model) -> Array:
    """The crops that belong to a model's data set: uint8 RGB (N, H, W, 3)."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        pixels: Array = arrays[model.dataset.reference]
    return pixels


def reference_names(model: Model) -> tuple[str, ...]:
    """The file names of the images that ``reference_pixels`` gives, in the same order."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        names = arrays[f"{model.dataset.reference.removesuffix('s')}_names"]
    return tuple(map(str, names))


def reference_inputs(model: Model, channels: int = RGB) -> Array:
    """What the networks are given: float32 (N, channels, H, W), normalised.

    A network that takes another number of channels than RGB's three is given those again and again,
    each repetition moved one more pixel to the right, so that no two channels are the same: channel
    k is RGB's channel ``k % 3``, moved by ``k // 3`` pixels. One channel is the red one.
    """
    pixels = reference_pixels(model).astype(np.float32)
    rgb = ((pixels / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2)
    planes = [np.roll(rgb[:, k % RGB], k // RGB, axis=-1) for k in range(channels)]
    return np.stack(planes, axis=1)
