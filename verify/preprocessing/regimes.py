"""The three regimes, each in the original's own order of operations.

``gluon``       GluonCV, scripts/classification/imagenet/verify_pretrained.py, on MXNet 1.9.1:
                image.imdecode, Resize(keep_ratio), CenterCrop, ToTensor, Normalize
``timm``        timm.data: ImageDataset, then create_transform of the model's pretrained_cfg
``mmpretrain``  configs/_base_/datasets/imagenet_bs32_pil_resize.py: LoadImageFromFile, ResizeEdge,
                CenterCrop, PackInputs; then the data preprocessor
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from os import PathLike, fspath
from typing import Any

import cv2
import numpy as np
from PIL import Image

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from architectures.catalogue.normalisation import normalisation
from architectures.catalogue.record import RGB
from convert.formats.limits import MAX_PIXELS
from convert.formats.regular import read_bytes
from mappings.errors import FormatError, ImageError
from mappings.words import counted
from verify.preprocessing.decode import Pixels, by_opencv, by_pillow, refuse_empty
from verify.preprocessing.mxnet import by_mxnet
from verify.preprocessing.size import require_decodable_size

Floats = np.ndarray[Any, np.dtype[np.float32]]

INPUT_SIZE, CROP = 224, 0.875
"""The input of ImageNet's networks, unless their record says otherwise."""

MAX_RESIZED = 1 << 26
"""The most pixels of a resized image. Its short side is the model's, so beyond this limit it is a
thousand times as long as it is wide; such an image of a few bytes would take minutes."""

MAX_IMAGE_BYTES = 1 << 30
"""The largest file that is read as an image: ``MAX_PIXELS`` of 16 bits and three channels."""


@dataclass(frozen=True)
class Pipeline:
    """One original: its decoder, its resize to (width, height), and how it rounds.

    ``edge`` rounds the resized short side; ``offset`` takes twice the margin before the crop and
    gives the margin, rounded.
    """

    decode: Callable[[bytes], Any]
    resize: Callable[[Any, tuple[int, int]], Pixels]
    edge: Callable[[float], int]
    offset: Callable[[int], int]


def _opencv_linear(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _pillow_bicubic(image: Image.Image, size: tuple[int, int]) -> Pixels:
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _pillow_bilinear(image: Image.Image | Pixels, size: tuple[int, int]) -> Pixels:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _down(twice: int) -> int:
    return twice // 2


def _to_even(twice: int) -> int:
    return round(twice / 2)


PIPELINES: dict[Regime, Pipeline] = {
    "gluon": Pipeline(by_mxnet, _opencv_linear, math.ceil, _down),
    "timm": Pipeline(by_pillow, _pillow_bicubic, math.floor, _to_even),
    "mmpretrain": Pipeline(by_opencv, _pillow_bilinear, math.floor, _to_even),
}


def _pipeline(regime: Regime, model: Evaluated | None) -> Pipeline:
    """How a regime prepares images for a model: timm resizes some bilinearly."""
    pipeline = PIPELINES[regime]
    if regime == "timm" and model and model.timm_interpolation == "bilinear":
        return replace(pipeline, resize=_pillow_bilinear)
    return pipeline


def check_channels(checkpoint: str | PathLike[str], in_chans: int) -> None:
    """Raise ImageError for a network that does not take RGB images: no regime can prepare its
    images."""
    if in_chans != RGB:
        raise ImageError(
            f"{fspath(checkpoint)}: its network takes images of {counted(in_chans, 'channel')}, "
            f"and the regimes {', '.join(PIPELINES)} give RGB, {RGB} channels: prepare its images "
            f"yourself and give them to the network of gluonport.create_model"
        )


def crop(data: bytes, regime: Regime, model: Evaluated, max_pixels: int = MAX_PIXELS) -> Pixels:
    """The pixels of an image that the model sees: uint8 RGB (S, S, 3), S the model's input size.

    Raises ImageError, one line, for an image that the original does not decode, and for one with
    more than ``max_pixels`` pixels.
    """
    return _crop(data, _pipeline(regime, model), model.input_size, model.crop, max_pixels)


def _crop(data: bytes, pipeline: Pipeline, side: int, share: float, max_pixels: int) -> Pixels:
    refuse_empty(data)
    require_decodable_size(data, max_pixels)
    try:
        return _decoded(data, pipeline, side, share)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # the image is untrusted, and its libraries may raise anything
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise ImageError(f"the image is damaged in an unknown way ({what})") from error


def _decoded(data: bytes, pipeline: Pipeline, side: int, share: float) -> Pixels:
    image = pipeline.decode(data)
    width, height = image.size if isinstance(image, Image.Image) else image.shape[1::-1]
    edge, short = pipeline.edge(side / share), min(width, height)
    width, height = edge * width // short, edge * height // short
    if width * height > MAX_RESIZED:
        raise ImageError(
            f"the image is too narrow: resized, it would have {width} x {height} pixels"
        )
    resized = pipeline.resize(image, (width, height))
    top, left = pipeline.offset(height - side), pipeline.offset(width - side)
    return np.ascontiguousarray(resized[top : top + side, left : left + side])


def normalise(crops: Pixels, regime: Regime, model: Evaluated | None = None) -> Floats:
    """A network's input, float32 (N, 3, S, S), from uint8 RGB crops (N, S, S, 3).

    Mean and deviation are ImageNet's, or for GluonCV's CIFAR networks CIFAR-10's.
    """
    rule = normalisation(regime, model)
    inputs = np.empty((len(crops), 3, *crops.shape[1:3]), np.float32)
    np.copyto(inputs, crops.transpose(0, 3, 1, 2))
    if rule.scale:
        inputs /= np.float32(rule.scale)
    inputs -= np.array(rule.mean, np.float32)[:, None, None]
    inputs /= np.array(rule.std, np.float32)[:, None, None]
    return inputs


def preprocess(
    image_path: str | PathLike[str],
    regime: Regime,
    model: Evaluated | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Floats:
    """A network's input, float32 (3, S, S), from an image file; S is 224 unless the model says so.

    Raises ImageError for a file that cannot be read, that the original does not decode, or that has
    more than ``max_pixels`` pixels.
    """
    if regime not in PIPELINES:
        known = ", ".join(PIPELINES)
        raise ImageError(f"unknown regime {regime!r}: expected one of {known}")
    side, share = (model.input_size, model.crop) if model else (INPUT_SIZE, CROP)
    try:
        data = read_bytes(image_path, MAX_IMAGE_BYTES)
        pixels = _crop(data, _pipeline(regime, model), side, share, max_pixels)
    except FormatError as error:
        raise ImageError(str(error)) from error
    except ImageError as error:
        raise ImageError(f"{fspath(image_path)}: {error}") from error
    inputs: Floats = normalise(pixels[None], regime, model)[0]
    return inputs
