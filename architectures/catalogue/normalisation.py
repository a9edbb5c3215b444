"""How each regime normalises pixels. Verifying computes by it, and converting compares with it."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.dataset import IMAGENET, Triple
from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime

BYTE_MEAN, BYTE_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Normalisation:
    """A pixel p of 0 to 255 becomes (p / ``scale`` - ``mean``) / ``std``, channel by channel in
    the order RGB. It is not divided first where ``scale`` is None."""

    scale: float | None
    mean: Triple
    std: Triple


NORMALISATIONS: dict[Regime, Normalisation] = {
    "gluon": Normalisation(255, IMAGENET.mean, IMAGENET.std),
    "timm": Normalisation(255, IMAGENET.mean, IMAGENET.std),
    "mmpretrain": Normalisation(None, BYTE_MEAN, BYTE_STD),
}


def normalisation(regime: Regime, model: Evaluated | None = None) -> Normalisation:
    """What the regime does: GluonCV's uses the mean and deviation of the model's own data set, the
    others, and GluonCV's without a model, those of ImageNet. A model whose user gave the mean and
    the scale of its pixels is normalised by these in every regime."""
    if model and model.pixels:
        return Normalisation(None, *model.pixels)
    if regime == "gluon" and model:
        return Normalisation(255, model.dataset.mean, model.dataset.std)
    return NORMALISATIONS[regime]
