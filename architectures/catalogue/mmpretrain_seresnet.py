"""SE-ResNet trained in mmpretrain."""

from __future__ import annotations

from architectures.catalogue import origin, papers
from architectures.catalogue.client import Client
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.figure import MMPRETRAIN_TABLE
from architectures.catalogue.published_card import Card
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source
from mappings.mmpretrain import SE_RESNET, SE_RESNET_OLD

MMPRETRAIN = "https://download.openmmlab.com/mmclassification/v0/se-resnet/"
SE_RESNETS = Family(
    "SE-ResNet",
    "An SE-ResNet: a residual network whose blocks weigh their channels by squeeze-and-excitation",
    (papers.RESNET, papers.SENET),
)

MODELS: tuple[Model, ...] = (
    Model(
        "seresnet50_8xb32_in1k",
        SE_RESNETS,
        ResNetConfig((3, 4, 6, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet50_8xb32_in1k",
            origin.MMPRETRAIN,
            MMPRETRAIN + "se-resnet50_batch256_imagenet_20200804-ae206104.pth",
        ).measured("mmpretrain", "77.74 / 93.84", MMPRETRAIN_TABLE),
        IMAGENET,
        ("mmpretrain",),
        (SE_RESNET, SE_RESNET_OLD),
        client=Client("seresnet50"),
        card=Card(4.13, 28.09, None, "mmcv"),
    ),
    Model(
        "seresnet101_8xb32_in1k",
        SE_RESNETS,
        ResNetConfig((3, 4, 23, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet101_8xb32_in1k",
            origin.MMPRETRAIN,
            MMPRETRAIN + "se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
        ).measured("mmpretrain", "78.26 / 94.07", MMPRETRAIN_TABLE),
        IMAGENET,
        ("mmpretrain",),
        (SE_RESNET, SE_RESNET_OLD),
        client=Client("seresnet101"),
        card=Card(7.86, 49.33, None, "mmcv"),
    ),
)
