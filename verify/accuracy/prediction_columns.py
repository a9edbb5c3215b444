"""The predictions of many images, kept as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from convert.formats import Array
from verify.accuracy.manifest import HashedImage
from verify.accuracy.prediction import Prediction


@dataclass(frozen=True, eq=False)
class PredictionColumns(Sequence[Prediction]):
    """Predictions of ``images``, in their order; 45 bytes each for the best five classes.

    ``classes`` int32 (N, ranks), ``logits`` float32 (N, ranks), ``ranks`` uint8 (N,): how many of
    them an image has, which is 0 for one that does not decode.
    """

    images: Sequence[HashedImage]
    classes: Array
    logits: Array
    ranks: Array

    @classmethod
    def of(cls, images: Sequence[HashedImage], ranks: int) -> PredictionColumns:
        """Columns for ``images``, of which none has an answer yet."""
        shape = len(images), ranks
        return cls(
            images,
            np.zeros(shape, np.int32),
            np.zeros(shape, np.float32),
            np.zeros(len(images), np.uint8),
        )

    def put(self, first: int, predictions: Sequence[Prediction]) -> None:
        """Set the answers of the images from position ``first`` on."""
        for k, prediction in enumerate(predictions, first):
            ranks = len(prediction.classes)
            self.classes[k, :ranks] = prediction.classes
            self.logits[k, :ranks] = prediction.logits
            self.ranks[k] = ranks

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> PredictionColumns: ...

    def __getitem__(self, index: int | slice) -> Prediction | PredictionColumns:
        if isinstance(index, slice):
            columns = (column[index] for column in (self.classes, self.logits, self.ranks))
            return PredictionColumns(self.images[index], *columns)
        image, ranks = self.images[index], int(self.ranks[index])
        classes, logits = self.classes[index, :ranks], self.logits[index, :ranks]
        return Prediction(image.path, image.label, (*classes.tolist(),), (*logits.tolist(),))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]
