"""From a data set to the crops of its images, each checked against the manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from convert.formats import Array
from mappings.errors import AccuracyError, ImageError
from verify.accuracy.crops import CropCache
from verify.accuracy.manifest import HashedImage
from verify.datasets import LabelledImages
from verify.preprocessing import crop


@dataclass(frozen=True)
class CropMaker:
    """Makes the crops that a regime gives a model; several threads may use it at once."""

    regime: Regime
    model: Evaluated
    cache: CropCache | None
    max_pixels: int

    def crop(self, image: HashedImage, read: Callable[[], bytes]) -> Array | None:
        """The crop, uint8 RGB (S, S, 3), of an image whose stored bytes ``read`` gives; None if it
        does not decode.

        Raises AccuracyError if the image is no longer what the manifest says.
        """
        if self.cache and (kept := self.cache.get(image.sha256)) is not None:
            return kept
        data = read()
        if hashlib.sha256(data).hexdigest() != image.sha256:
            raise AccuracyError(
                f"{image.path}: changed since the run began: put it back, or start a new --ledger"
            )
        try:
            made = crop(data, self.regime, self.model, self.max_pixels)
        except ImageError:
            return None
        if self.cache:
            self.cache.put(image.sha256, made)
        return made


@dataclass(frozen=True)
class Reader:
    """Reads the crops of a data set's images; several threads may use it at once."""

    dataset: LabelledImages
    maker: CropMaker

    def crop(self, image: HashedImage, position: int) -> Array | None:
        """The crop of the image at a position of the data set, as ``CropMaker.crop`` gives it."""
        return self.maker.crop(image, partial(self.dataset.read, position))

    def why_not(self, position: int) -> str:
        """Why the image at a position of the data set does not decode."""
        maker = self.maker
        try:
            crop(self.dataset.read(position), maker.regime, maker.model, maker.max_pixels)
        except ImageError as error:
            return str(error)
        return "it decodes now"
