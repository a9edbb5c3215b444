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
    """The file names of the images in ``reference_pixels``, in the same order."""
    with np.load(IMAGES / "inputs.npz", allow_pickle=False) as arrays:
        names = arrays[f"{model.dataset.reference.removesuffix('s')}_names"]
    return tuple(map(str, names))


def reference_inputs(model: Model, channels: int = RGB) -> Array:
    """The networks' inputs: float32 (N, channels, H, W), normalised.

    For a network with another number of channels the three RGB channels are repeated, each time
    moved one more pixel to the right, so that no two channels are the same: channel k is RGB
    channel ``k % 3``, moved by ``k // 3`` pixels. A single channel is the red one.
    For a network that takes larger images alone, the photographs go on as their own mirror images.
    """
    pixels = reference_pixels(model)
    if model.network.windowed:
        pixels = _sized(pixels, model.input_size)
    pixels = pixels.astype(np.float32)
    rgb = ((pixels / np.float32(255) - MEAN) / STD).transpose(0, 3, 1, 2)
    planes = [np.roll(rgb[:, k % RGB], k // RGB, axis=-1) for k in range(channels)]
    return np.stack(planes, axis=1)


def _sized(pixels: Array, side: int) -> Array:
    """Images of ``side`` x ``side`` (N, side, side, 3), the given ones in their middle."""
    more = side - pixels.shape[1]
    if more <= 0:
        return pixels
    edges = more // 2, more - more // 2
    return np.pad(pixels, ((0, 0), edges, edges, (0, 0)), "symmetric")
