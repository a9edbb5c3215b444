"""The networks for CIFAR-10 of the Gluon model zoo.

GluonCV's table prints two top-1 accuracies for each, one without mix-up (vanilla) and one with it.
It does not say which of the two networks was stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue import papers
from architectures.catalogue.cifar_config import CifarConfig
from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.dataset import CIFAR10
from architectures.catalogue.family import Family
from architectures.catalogue.figure import Undecided
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.cifar import CIFAR_RESNEXT_FIRST_FEATURE, CIFAR_V1, CIFAR_V1_FIRST_FEATURE
from mappings.language import Row
from mappings.resnet_v2 import (
    CIFAR_V2,
    CIFAR_V2_FIRST_FEATURE,
    CIFAR_WIDE,
    CIFAR_WIDE_FIRST_FEATURE,
)
from mappings.resnext import RESNEXT

CHANNELS = (16, 16, 32, 64)


@dataclass(frozen=True)
class CifarFamily:
    """A family, and what Gluon calls the layers of its networks."""

    family: Family
    rows: tuple[Row, ...]
    first_feature: int
    flat_prefix: str


V1 = CifarFamily(
    Family("CIFAR ResNet v1", "A residual network for images of 32 x 32", (papers.RESNET,)),
    CIFAR_V1,
    CIFAR_V1_FIRST_FEATURE,
    "cifarresnetv10_",
)
V2 = CifarFamily(
    Family(
        "CIFAR ResNet v2",
        "A pre-activation residual network for images of 32 x 32",
        (papers.IDENTITY_MAPPINGS,),
    ),
    CIFAR_V2,
    CIFAR_V2_FIRST_FEATURE,
    "cifarresnetv20_",
)
WIDE = CifarFamily(
    Family(
        "CIFAR Wide ResNet", "A wide residual network for images of 32 x 32", (papers.WIDE_RESNET,)
    ),
    CIFAR_WIDE,
    CIFAR_WIDE_FIRST_FEATURE,
    "cifarwideresnet0_",
)
RESNEXT_29 = CifarFamily(
    Family("CIFAR ResNeXt", "A ResNeXt for images of 32 x 32", (papers.RESNEXT,)),
    RESNEXT,
    CIFAR_RESNEXT_FIRST_FEATURE,
    "cifarresnext0_",
)


def _model(
    kind: CifarFamily,
    network: NetworkConfig,
    name: str,
    sha1: str | None = None,
    undecided: Undecided | None = None,
) -> Model:
    return Model(
        f"gluon_{name}",
        kind.family,
        network,
        gluoncv(name, sha1),
        CIFAR10,
        ("gluon",),
        (kind.rows,),
        kind.first_feature,
        kind.flat_prefix,
        undecided=undecided,
        input_size=32,
        crop=1.0,
    )


MODELS: tuple[Model, ...] = (
    _model(
        V1,
        CifarConfig((3, 3, 3), stem=(16,), block="basic", planes=16),
        "cifar_resnet20_v1",
        "121e1579d811b091940b3b1fa033e1f0d1dca40f",
        Undecided(92.1, 92.9),
    ),
    _model(
        V1,
        CifarConfig((9, 9, 9), stem=(16,), block="basic", planes=16),
        "cifar_resnet56_v1",
        "2fb251e60babdceb103e9659b3baa0dea20a14d7",
        Undecided(93.6, 94.2),
    ),
    _model(
        V1,
        CifarConfig((18, 18, 18), stem=(16,), block="basic", planes=16),
        "cifar_resnet110_v1",
        "a0e1f860475bf5369f6da07e0c2e03a4ae9cff9c",
        Undecided(93.0, 95.2),
    ),
    _model(
        V2,
        PreActivationConfig((3, 3, 3), CHANNELS, stem="cifar", raw_shortcut=True),
        "cifar_resnet20_v2",
        "4f2d18804c94f2d283b8b45256d048bd3d6dd479",
        Undecided(92.1, 92.7),
    ),
    _model(
        V2,
        PreActivationConfig((9, 9, 9), CHANNELS, stem="cifar", raw_shortcut=True),
        "cifar_resnet56_v2",
        "0a3e74104ec7bcfffefe2d9d5cc1f8e74311ec51",
        Undecided(93.7, 94.6),
    ),
    _model(
        V2,
        PreActivationConfig((18, 18, 18), CHANNELS, stem="cifar", raw_shortcut=True),
        "cifar_resnet110_v2",
        "bf160f8b3cb3884a1ea871739f3c8e151e114159",
        Undecided(94.3, 95.5),
    ),
    _model(
        WIDE,
        PreActivationConfig((2, 2, 2), (16, 160, 320, 640), stem="wide"),
        "cifar_wideresnet16_10",
        "7c07b5ba6e850f9c37ca1e57c0a2e529455cc2e4",
        Undecided(95.1, 96.7),
    ),
    _model(
        WIDE,
        PreActivationConfig((4, 4, 4), (16, 160, 320, 640), stem="wide"),
        "cifar_wideresnet28_10",
        "4a3466aadd4c3ddbcb968bca862d0e59d6f15ec1",
        Undecided(95.6, 97.2),
    ),
    _model(
        WIDE,
        PreActivationConfig((6, 6, 6), (16, 128, 256, 512), stem="wide"),
        "cifar_wideresnet40_8",
        "085ca2afabbe0ddfe87d0edc5408bcfcfbffd414",
        Undecided(95.9, 97.3),
    ),
    _model(
        RESNEXT_29,
        CifarConfig((3, 3, 3), cardinality=32, base_width=4),
        "cifar_resnext29_32x4d",
    ),
    _model(
        RESNEXT_29,
        CifarConfig((3, 3, 3), cardinality=16, base_width=64),
        "cifar_resnext29_16x64d",
        "e8ff9f4f9cb319dfbf524d01e487af9a7f8a3cf5",
        Undecided(96.3, 97.3),
    ),
)
