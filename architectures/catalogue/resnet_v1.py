"""ResNet v1 and SE-ResNet v1 of the Gluon model zoo.

Weights of SE-ResNet v1 were never published.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import Client, torchvision
from architectures.catalogue.config import ResNetV1Config
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.language import Row
from mappings.resnet_v1 import BASIC, BOTTLENECK, FIRST_FEATURE, SE_BASIC, SE_BOTTLENECK

RESNETS_V1 = Family(
    "ResNet v1",
    "A residual network with its stride on the first convolution of a block",
    (papers.RESNET,),
)
SE_RESNETS_V1 = Family(
    "SE-ResNet v1",
    "A residual network with its stride on the first convolution of a block, whose blocks weigh "
    "their channels by squeeze-and-excitation",
    (papers.RESNET, papers.SENET),
)

R18, R34 = ResNetV1Config((2, 2, 2, 2), block="basic"), ResNetV1Config((3, 4, 6, 3), block="basic")
R50, R101 = ResNetV1Config((3, 4, 6, 3)), ResNetV1Config((3, 4, 23, 3))
R152 = ResNetV1Config((3, 8, 36, 3))
SE18 = ResNetV1Config((2, 2, 2, 2), block="basic", se=True)
SE34 = ResNetV1Config((3, 4, 6, 3), block="basic", se=True)
SE50, SE101 = ResNetV1Config((3, 4, 6, 3), se=True), ResNetV1Config((3, 4, 23, 3), se=True)
SE152 = ResNetV1Config((3, 8, 36, 3), se=True)


def _model(
    name: str,
    network: ResNetV1Config,
    rows: tuple[Row, ...],
    sha1: str | None = None,
    gluon: str | None = None,
    client: Client | None = None,
) -> Model:
    return Model(
        f"gluon_{name}",
        SE_RESNETS_V1 if network.se else RESNETS_V1,
        network,
        gluoncv(name, sha1, gluon=gluon),
        IMAGENET,
        ("gluon", "timm"),
        (rows,),
        FIRST_FEATURE,
        "resnetv10_",
        client,
    )


MODELS: tuple[Model, ...] = (
    _model(
        "resnet18_v1",
        R18,
        BASIC,
        "a0666292f0a30ff61f857b0b66efc0228eb6a54b",
        "70.93 / 89.92",
        Client("resnet18", torchvision=torchvision("resnet18")),
    ),
    _model(
        "resnet34_v1",
        R34,
        BASIC,
        "48216ba99a8b1005d75c0f3a0c422301a0473233",
        "74.37 / 91.87",
        Client("resnet34", torchvision=torchvision("resnet34")),
    ),
    _model(
        "resnet50_v1", R50, BOTTLENECK, "cc729d95031ca98cf2ff362eb57dee4d9994e4b2", "77.36 / 93.57"
    ),
    _model(
        "resnet101_v1",
        R101,
        BOTTLENECK,
        "d988c13d6159779e907140a638c56f229634cb02",
        "78.34 / 94.01",
    ),
    _model(
        "resnet152_v1",
        R152,
        BOTTLENECK,
        "acfd09703b113143af9c33898bad8b6154fd6fb0",
        "79.22 / 94.64",
    ),
    _model("se_resnet18_v1", SE18, SE_BASIC),
    _model("se_resnet34_v1", SE34, SE_BASIC),
    _model("se_resnet50_v1", SE50, SE_BOTTLENECK),
    _model("se_resnet101_v1", SE101, SE_BOTTLENECK),
    _model("se_resnet152_v1", SE152, SE_BOTTLENECK),
)
