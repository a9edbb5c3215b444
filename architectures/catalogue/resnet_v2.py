"""ResNet v2 and SE-ResNet v2 of the Gluon model zoo.

Weights of SE-ResNet v2 were never published.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.language import Row
from mappings.resnet_v2 import (
    BASIC_V2,
    BOTTLENECK_V2,
    FIRST_FEATURE,
    SE_BASIC_V2,
    SE_BOTTLENECK_V2,
)

RESNETS_V2 = Family(
    "ResNet v2",
    "A pre-activation residual network: norms and activations stand before the convolutions",
    (papers.IDENTITY_MAPPINGS,),
)
SE_RESNETS_V2 = Family(
    "SE-ResNet v2",
    "A pre-activation residual network whose blocks weigh their channels by squeeze-and-excitation",
    (papers.IDENTITY_MAPPINGS, papers.SENET),
)
BASIC, BOTTLENECK = (64, 64, 128, 256, 512), (64, 256, 512, 1024, 2048)


def _model(
    name: str,
    network: PreActivationConfig,
    rows: tuple[Row, ...],
    sha1: str | None = None,
    gluon: str | None = None,
) -> Model:
    return Model(
        f"gluon_{name}",
        SE_RESNETS_V2 if network.se else RESNETS_V2,
        network,
        gluoncv(name, sha1, gluon=gluon),
        IMAGENET,
        ("gluon",),
        (rows,),
        FIRST_FEATURE,
        "resnetv20_",
    )


MODELS: tuple[Model, ...] = (
    _model(
        "resnet18_v2",
        PreActivationConfig((2, 2, 2, 2), BASIC),
        BASIC_V2,
        "a81db45fd7b7a2d12ab97cd88ef0a5ac48b8f657",
        "71.00 / 89.92",
    ),
    _model(
        "resnet34_v2",
        PreActivationConfig((3, 4, 6, 3), BASIC),
        BASIC_V2,
        "9d6b80bbc35169de6b6edecffdd6047c56fdd322",
        "74.40 / 92.08",
    ),
    _model(
        "resnet50_v2",
        PreActivationConfig((3, 4, 6, 3), BOTTLENECK, bottleneck=True),
        BOTTLENECK_V2,
        "ecdde35339c1aadbec4f547857078e734a76fb49",
        "77.11 / 93.43",
    ),
    _model(
        "resnet101_v2",
        PreActivationConfig((3, 4, 23, 3), BOTTLENECK, bottleneck=True),
        BOTTLENECK_V2,
        "18e93e4f48947e002547f50eabbcc9c83e516aa6",
        "78.53 / 94.17",
    ),
    _model(
        "resnet152_v2",
        PreActivationConfig((3, 8, 36, 3), BOTTLENECK, bottleneck=True),
        BOTTLENECK_V2,
        "f2695542de38cf7e71ed58f02893d82bb409415e",
        "79.21 / 94.31",
    ),
    _model("se_resnet18_v2", PreActivationConfig((2, 2, 2, 2), BASIC, se=True), SE_BASIC_V2),
    _model("se_resnet34_v2", PreActivationConfig((3, 4, 6, 3), BASIC, se=True), SE_BASIC_V2),
    _model(
        "se_resnet50_v2",
        PreActivationConfig((3, 4, 6, 3), BOTTLENECK, bottleneck=True, se=True),
        SE_BOTTLENECK_V2,
    ),
    _model(
        "se_resnet101_v2",
        PreActivationConfig((3, 4, 23, 3), BOTTLENECK, bottleneck=True, se=True),
        SE_BOTTLENECK_V2,
    ),
    _model(
        "se_resnet152_v2",
        PreActivationConfig((3, 8, 36, 3), BOTTLENECK, bottleneck=True, se=True),
        SE_BOTTLENECK_V2,
    ),
)
