"""The data sets that published weights were trained and evaluated on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Terms:
    """Who made a data set, and the licence that it is under."""

    authors: str
    license: str
    url: str


@dataclass(frozen=True)
class Dataset:
    """A data set of images with classes.

    ``hub`` is its identifier on the hub. ``split`` is the part that accuracy is measured on, and
    ``evaluation`` what messages call that part; it has ``images`` images (None if nobody knows),
    ``images_per_class`` of each class unless their numbers differ. ``class_names`` are None for
    ImageNet's, which clients know. ``mean`` and ``std`` normalise RGB in 0..1, as the weights were
    trained. ``terms`` are None where the data set has terms of its own. ``reference`` says which
    packaged images belong to it, ``scans`` names its packaged evaluation images in
    ``architectures/samples``.
    """

    name: str
    hub: str | None
    split: str
    evaluation: str
    num_classes: int
    class_names: tuple[str, ...] | None
    images: int | None
    images_per_class: int | None
    mean: Triple
    std: Triple
    terms: Terms | None
    reference: Literal["photographs", "digits"]
    scans: str | None

    @property
    def title(self) -> str:
        """The name in Markdown, with the authors and the licence where they must be named."""
        if self.terms is None:
            return self.name
        terms = self.terms
        return f"{self.name} ({terms.authors}, [{terms.license}]({terms.url}))"


IMAGENET = Dataset(
    name="ImageNet-1k",
    hub="imagenet-1k",
    split="validation",
    evaluation="the validation set of ImageNet-1k",
    num_classes=1000,
    class_names=None,
    images=50_000,
    images_per_class=50,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    terms=None,
    reference="photographs",
    scans=None,
)
IMAGENET_PIXELS = replace(IMAGENET, mean=(0.0, 0.0, 0.0), std=(1 / 255, 1 / 255, 1 / 255))
"""ImageNet-1k for networks that take pixels of 0 to 255 as they are."""
IMAGENET_11K = replace(
    IMAGENET_PIXELS,
    name="ImageNet-11k",
    hub=None,
    evaluation="the validation set of ImageNet-11k",
    num_classes=11_221,
    class_names=tuple(map(str, range(11_221))),
    images=561_050,
)
"""MXNet's example/image-classification/README.md: the classes of the whole ImageNet that have 500
images or more, of which 50 a class are for validation."""
IMAGENET_11K_PLACES = replace(
    IMAGENET_11K,
    name="ImageNet-11k and Places365-Challenge",
    split="validation",
    evaluation="the validation set of ImageNet-11k and Places365-Challenge",
    num_classes=11_586,
    class_names=tuple(map(str, range(11_586))),
    images=None,
    images_per_class=None,
)
"""The classes of both together."""
CIFAR10 = Dataset(
    name="CIFAR-10",
    hub="cifar10",
    split="test",
    evaluation="the test set of CIFAR-10",
    num_classes=10,
    class_names=tuple("airplane automobile bird cat deer dog frog horse ship truck".split()),
    images=10_000,
    images_per_class=1000,
    mean=(0.4914, 0.4822, 0.4465),  # GluonCV, scripts/classification/cifar/train_cifar10.py
    std=(0.2023, 0.1994, 0.2010),
    terms=None,
    reference="digits",
    scans=None,
)
CIFAR10_PIXELS = replace(CIFAR10, mean=IMAGENET_PIXELS.mean, std=IMAGENET_PIXELS.std)
"""CIFAR-10 for networks that take pixels of 0 to 255 as they are."""
DIGITS = Dataset(
    name="Optical Recognition of Handwritten Digits",
    hub=None,
    split="test",
    evaluation="the packaged sample",
    num_classes=10,
    class_names=tuple("0123456789"),
    images=360,
    images_per_class=None,
    mean=IMAGENET.mean,
    std=IMAGENET.std,
    terms=Terms(
        "E. Alpaydin and C. Kaynak", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"
    ),
    reference="digits",
    scans="gluon_seresnext8_digits.tar",
)
