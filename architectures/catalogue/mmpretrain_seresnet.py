"""SE-ResNet trained in mmpretrain."""

from __future__ import annotations

from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.figure import MMPRETRAIN_TABLE
from architectures.catalogue.record import Card, Model, Source
from mappings.mmpretrain import SE_RESNET, SE_RESNET_OLD

MMPRETRAIN = "https://download.openmmlab.com/mmclassification/v0/se-resnet/"

MODELS: tuple[Model, ...] = (
    Model(
        "seresnet50_8xb32_in1k",
        "SE-ResNet",
        ResNetConfig((3, 4, 6, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet50_8xb32_in1k",
            MMPRETRAIN + "se-resnet50_batch256_imagenet_20200804-ae206104.pth",
        ).measured("mmpretrain", "77.74 / 93.84", MMPRETRAIN_TABLE),
        (SE_RESNET, SE_RESNET_OLD),
        card=Card(4.13, 28.09, None),
        regimes=("mmpretrain",),
    ),
    Model(
        "seresnet101_8xb32_in1k",
        "SE-ResNet",
        ResNetConfig((3, 4, 23, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet101_8xb32_in1k",
            MMPRETRAIN + "se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
        ).measured("mmpretrain", "78.26 / 94.07", MMPRETRAIN_TABLE),
        (SE_RESNET, SE_RESNET_OLD),
        card=Card(7.86, 49.33, None),
        regimes=("mmpretrain",),
    ),
)
