"""DenseNet of the Gluon model zoo. The weights were torchvision's."""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import Client, torchvision
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.densenet_config import DenseNetConfig
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import TORCHVISION, gluoncv
from mappings.densenet import densenet

DENSENETS = Family(
    "DenseNet",
    "A network in which each layer is given the outputs of all layers before it in its block",
    (papers.DENSENET,),
)


def _model(name: str, network: DenseNetConfig, sha1: str, gluon: str) -> Model:
    """timm and torchvision average the whole last map, Gluon a window of 7x7: all compute the same
    where that map is 7x7, as it is for 224 x 224."""
    return Model(
        f"gluon_{name}",
        DENSENETS,
        network,
        gluoncv(name, sha1, gluon=gluon, converted_from=TORCHVISION),
        IMAGENET,
        ("gluon", "timm"),
        (densenet(network.depths),),
        flat_prefix="densenet0_",
        client=Client(name, torchvision=torchvision(name)),
    )


MODELS: tuple[Model, ...] = (
    _model(
        "densenet121",
        DenseNetConfig(64, 32, (6, 12, 24, 16)),
        "f27dbf2dbd5ce9a80b102d89c7483342cd33cb31",
        "74.97 / 92.25",
    ),
    _model(
        "densenet161",
        DenseNetConfig(96, 48, (6, 12, 36, 24)),
        "b6c8a95717e3e761bd88d145f4d0a214aaa515dc",
        "77.70 / 93.80",
    ),
    _model(
        "densenet169",
        DenseNetConfig(64, 32, (6, 12, 32, 32)),
        "2603f878403c6aa5a71a124c4a3307143d6820e9",
        "76.17 / 93.17",
    ),
    _model(
        "densenet201",
        DenseNetConfig(64, 32, (6, 12, 48, 32)),
        "1cdbc116bc3a1b65832b18cf53e1cb8e7da017eb",
        "77.32 / 93.62",
    ),
)
