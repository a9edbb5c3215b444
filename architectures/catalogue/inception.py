"""GoogLeNet (Inception v1) and Inception v3 of the Gluon model zoo."""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import GLUON_TAG, Client
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.inception_config import GoogLeNetConfig, InceptionV3Config
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.googlenet import GOOGLENET
from mappings.inception_v3 import INCEPTION_V3

GOOGLENETS = Family(
    "GoogLeNet",
    "A network of modules whose branches stand side by side, with BatchNorm (Inception v1)",
    (papers.GOOGLENET, papers.BATCH_NORM),
)
INCEPTIONS = Family(
    "Inception v3",
    "A network of modules whose branches stand side by side, with long and flat convolutions",
    (papers.INCEPTION_V3,),
)


def _torchvision(name: str) -> str:
    """The expression that builds torchvision's network without its auxiliary classifiers. Built so,
    it does not normalise its images again, as it does with its own weights."""
    return (
        f"torchvision.models.{name}(\n"
        "    num_classes={n}, aux_logits=False, init_weights=False\n)"
    )


MODELS: tuple[Model, ...] = (
    # torchvision averages the whole last map, Gluon a window of 7x7, and torchvision's last
    # max-pool keeps an odd row and column: both compute the same for 224 x 224.
    Model(
        "gluon_googlenet",
        GOOGLENETS,
        GoogLeNetConfig(),
        gluoncv("googlenet", "c7c89366fb4410c0aeb34827795f7dab9423f950", gluon="72.87 / 91.17"),
        IMAGENET,
        ("gluon", "timm"),
        (GOOGLENET,),
        flat_prefix="googlenet0_",
        client=Client("", torchvision=_torchvision("googlenet")),
    ),
    # timm and torchvision average the whole last map, Gluon a window of 8x8: all compute the same
    # where that map is 8x8, as it is for 299 x 299.
    Model(
        "gluon_inception_v3",
        INCEPTIONS,
        InceptionV3Config(),
        gluoncv("inceptionv3", "a5050dbcbfc54908fc1b7700698eb7ffbc150417", gluon="78.77 / 94.39"),
        IMAGENET,
        ("gluon", "timm"),
        (INCEPTION_V3,),
        flat_prefix="inception30_",
        client=Client("inception_v3", GLUON_TAG, _torchvision("inception_v3"), pool=8),
        input_size=299,
    ),
)
