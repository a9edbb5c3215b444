"""ResNet v2 and SE-ResNet v2 of the Gluon model zoo, the latter without published weights."""

from __future__ import annotations

from architectures.catalogue.figure import Regime
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model, gluoncv
from mappings.resnet_v2 import (
    BASIC_V2,
    BOTTLENECK_V2,
    FIRST_FEATURE,
    SE_BASIC_V2,
    SE_BOTTLENECK_V2,
)

BASIC, BOTTLENECK = (64, 64, 128, 256, 512), (64, 256, 512, 1024, 2048)
REGIMES: tuple[Regime, ...] = ("gluon",)
FLAT = "resnetv20_"

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_resnet18_v2",
        "ResNet v2",
        PreActivationConfig((2, 2, 2, 2), BASIC),
        gluoncv("resnet18_v2", "a81db45fd7b7a2d12ab97cd88ef0a5ac48b8f657", gluon="71.00 / 89.92"),
        (BASIC_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_resnet34_v2",
        "ResNet v2",
        PreActivationConfig((3, 4, 6, 3), BASIC),
        gluoncv("resnet34_v2", "9d6b80bbc35169de6b6edecffdd6047c56fdd322", gluon="74.40 / 92.08"),
        (BASIC_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_resnet50_v2",
        "ResNet v2",
        PreActivationConfig((3, 4, 6, 3), BOTTLENECK, bottleneck=True),
        gluoncv("resnet50_v2", "ecdde35339c1aadbec4f547857078e734a76fb49", gluon="77.11 / 93.43"),
        (BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_resnet101_v2",
        "ResNet v2",
        PreActivationConfig((3, 4, 23, 3), BOTTLENECK, bottleneck=True),
        gluoncv("resnet101_v2", "18e93e4f48947e002547f50eabbcc9c83e516aa6", gluon="78.53 / 94.17"),
        (BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_resnet152_v2",
        "ResNet v2",
        PreActivationConfig((3, 8, 36, 3), BOTTLENECK, bottleneck=True),
        gluoncv("resnet152_v2", "f2695542de38cf7e71ed58f02893d82bb409415e", gluon="79.21 / 94.31"),
        (BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_se_resnet18_v2",
        "SE-ResNet v2",
        PreActivationConfig((2, 2, 2, 2), BASIC, se=True),
        gluoncv("se_resnet18_v2"),
        (SE_BASIC_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_se_resnet34_v2",
        "SE-ResNet v2",
        PreActivationConfig((3, 4, 6, 3), BASIC, se=True),
        gluoncv("se_resnet34_v2"),
        (SE_BASIC_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_se_resnet50_v2",
        "SE-ResNet v2",
        PreActivationConfig((3, 4, 6, 3), BOTTLENECK, bottleneck=True, se=True),
        gluoncv("se_resnet50_v2"),
        (SE_BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_se_resnet101_v2",
        "SE-ResNet v2",
        PreActivationConfig((3, 4, 23, 3), BOTTLENECK, bottleneck=True, se=True),
        gluoncv("se_resnet101_v2"),
        (SE_BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
    Model(
        "gluon_se_resnet152_v2",
        "SE-ResNet v2",
        PreActivationConfig((3, 8, 36, 3), BOTTLENECK, bottleneck=True, se=True),
        gluoncv("se_resnet152_v2"),
        (SE_BOTTLENECK_V2,),
        FIRST_FEATURE,
        FLAT,
        regimes=REGIMES,
    ),
)
