"""What the published weights of a model were trained on."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.normalisation import CIFAR_MEAN, CIFAR_STD, UNIT_MEAN, UNIT_STD
from architectures.catalogue.record import Model


@dataclass(frozen=True)
class Dataset:
    """A data set of images.

    ``title`` is Markdown, ``hub`` its identifier on the hub, ``split`` the part that accuracy is
    measured on. ``labels`` are the class names; None for ImageNet's, which clients know themselves.
    ``mean`` and ``std`` normalise RGB in 0..1.
    """

    title: str
    hub: str | None
    split: str
    labels: tuple[str, ...] | None
    mean: tuple[float, ...] = UNIT_MEAN
    std: tuple[float, ...] = UNIT_STD


IMAGENET = Dataset("ImageNet-1k", "imagenet-1k", "validation", None)
CIFAR10 = Dataset(
    "CIFAR-10",
    "cifar10",
    "test",
    tuple("airplane automobile bird cat deer dog frog horse ship truck".split()),
    CIFAR_MEAN,
    CIFAR_STD,
)
DIGITS = Dataset(
    "Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/))",
    None,
    "test",
    tuple("0123456789"),
)


def dataset(model: Model) -> Dataset:
    """The data set of a model's published weights."""
    if model.source.packaged:
        return DIGITS
    return CIFAR10 if model.source.name.startswith("cifar_") else IMAGENET
