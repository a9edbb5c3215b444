"""ResNets of MXNet's own zoo and GluonCV's with ``thumbnail=True``, for small images
(mxnet: python/mxnet/gluon/model_zoo/vision/resnet.py, ResNetV1 and ResNetV2).

Weights were never published.
"""

from __future__ import annotations

from dataclasses import replace

from architectures.catalogue import papers
from architectures.catalogue.config import ResNetV1Config
from architectures.catalogue.dataset import CIFAR10
from architectures.catalogue.family import Family
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model
from architectures.catalogue.resnet_v1 import MODELS as RESNETS_V1
from architectures.catalogue.resnet_v2 import MODELS as RESNETS_V2
from architectures.catalogue.source import gluoncv
from mappings.resnet_v1 import (
    BASIC_THUMBNAIL,
    BOTTLENECK_THUMBNAIL,
    THUMBNAIL_FIRST_FEATURE,
)
from mappings.resnet_v2 import (
    BASIC_V2_THUMBNAIL,
    BOTTLENECK_V2_THUMBNAIL,
    THUMBNAIL_V2_FIRST_FEATURE,
)

THUMBNAILS_V1 = Family(
    "ResNet v1, thumbnail",
    "A residual network for small images, which begins with one 3x3 convolution",
    (papers.RESNET,),
)
THUMBNAILS_V2 = Family(
    "ResNet v2, thumbnail",
    "A pre-activation residual network for small images, which begins with one 3x3 convolution",
    (papers.IDENTITY_MAPPINGS,),
)


def _thumbnail(model: Model) -> Model:
    """The record of a network that is built with ``thumbnail=True``."""
    small = replace(
        model,
        name=f"{model.name}_thumbnail",
        source=gluoncv(f"{model.source.name}_thumbnail"),
        dataset=CIFAR10,
        regimes=("gluon",),
        client=None,
        input_size=32,
        crop=1.0,
    )
    match model.network:
        case ResNetV1Config() as network:
            return replace(
                small,
                family=THUMBNAILS_V1,
                network=replace(network, thumbnail=True),
                rows=(BASIC_THUMBNAIL if network.block == "basic" else BOTTLENECK_THUMBNAIL,),
                first_feature=THUMBNAIL_FIRST_FEATURE,
            )
        case PreActivationConfig() as network:
            return replace(
                small,
                family=THUMBNAILS_V2,
                network=replace(network, stem="cifar"),
                rows=(BOTTLENECK_V2_THUMBNAIL if network.bottleneck else BASIC_V2_THUMBNAIL,),
                first_feature=THUMBNAIL_V2_FIRST_FEATURE,
            )
    raise TypeError(f"{model.name} has no thumbnail network")


MODELS: tuple[Model, ...] = tuple(
    _thumbnail(model)
    for model in (*RESNETS_V1, *RESNETS_V2)
    if model.source.name.removeprefix("resnet").partition("_")[0] in ("18", "34", "50", "101")
)
