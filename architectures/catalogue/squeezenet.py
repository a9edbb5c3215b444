"""SqueezeNet of the Gluon model zoo. The weights were torchvision's."""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import Client, torchvision
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import TORCHVISION, gluoncv
from architectures.catalogue.squeezenet_config import SqueezeNetConfig
from mappings.squeezenet import squeezenet

SQUEEZENETS = Family(
    "SqueezeNet",
    "A small network of fire modules, whose classifier is a convolution",
    (papers.SQUEEZENET,),
)

FIRES_10 = (
    ((16, 64), (16, 64), (32, 128)),
    ((32, 128), (48, 192), (48, 192), (64, 256)),
    ((64, 256),),
)
FIRES_11 = (
    ((16, 64), (16, 64)),
    ((32, 128), (32, 128)),
    ((48, 192), (48, 192), (64, 256), (64, 256)),
)


def _model(version: str, network: SqueezeNetConfig, sha1: str, gluon: str) -> Model:
    """torchvision averages the whole last map, Gluon a window of 13x13: both compute the same where
    that map is 13x13, as it is for 224 x 224."""
    name = f"squeezenet{version}"
    return Model(
        f"gluon_{name}",
        SQUEEZENETS,
        network,
        gluoncv(name, sha1, gluon=gluon, converted_from=TORCHVISION),
        IMAGENET,
        ("gluon", "timm"),
        (squeezenet(tuple(map(len, network.fires))),),
        flat_prefix="squeezenet0_",
        client=Client("", torchvision=torchvision(name.replace(".", "_"))),
    )


MODELS: tuple[Model, ...] = (
    _model(
        "1.0",
        SqueezeNetConfig((96, 7), FIRES_10),
        "264ba4970a0cc87a4f15c96e25246a1307caf523",
        "56.11 / 79.09",
    ),
    _model(
        "1.1",
        SqueezeNetConfig((64, 3), FIRES_11),
        "33ba0f93753c83d86e1eb397f38a667eaf2e9376",
        "54.96 / 78.17",
    ),
)
