"""How each regime normalises pixels. Verifying computes by it, and converting compares with it."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.figure import Regime
from architectures.catalogue.record import Model

Triple = tuple[float, float, float]

UNIT_MEAN, UNIT_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CIFAR_MEAN, CIFAR_STD = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
"""GluonCV, scripts/classification/cifar/train_cifar10.py, for its networks called ``cifar_...``."""
BYTE_MEAN, BYTE_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Normalisation:
    """A pixel p of 0 to 255 becomes (p / ``scale`` - ``mean``) / ``std``, channel by channel in
    the order RGB; it is not divided where ``scale`` is None."""

    scale: float | None
    mean: Triple
    std: Triple


NORMALISATIONS: dict[Regime, Normalisation] = {
    "gluon": Normalisation(255, UNIT_MEAN, UNIT_STD),
    "timm": Normalisation(255, UNIT_MEAN, UNIT_STD),
    "mmpretrain": Normalisation(None, BYTE_MEAN, BYTE_STD),
}
CIFAR = Normalisation(255, CIFAR_MEAN, CIFAR_STD)


def normalisation(regime: Regime, model: Model | None = None) -> Normalisation:
    """What the regime does: ImageNet's mean and deviation, or for GluonCV's CIFAR networks
    CIFAR-10's."""
    if regime == "gluon" and model and model.source.name.startswith("cifar_"):
        return CIFAR
    return NORMALISATIONS[regime]
