"""ResNeSt of the Gluon model zoo.

The input sizes are GluonCV's own (gluoncv/auto/estimators/image_classification).
"""

from __future__ import annotations

from typing import Literal

from architectures.catalogue import papers
from architectures.catalogue.client import GLUON_TAG, Client
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.figure import Regime
from architectures.catalogue.record import Model
from architectures.catalogue.resnest_config import ResNeStConfig
from architectures.catalogue.source import Source, gluoncv
from mappings.resnest import RESNEST

RESNESTS = Family(
    "ResNeSt",
    "A ResNeSt: a residual network with split attention in its blocks",
    (papers.RESNEST,),
)


def _model(
    network: ResNeStConfig,
    source: Source,
    client: Client,
    regimes: tuple[Regime, ...] = ("gluon",),
    timm_interpolation: Literal["bicubic", "bilinear"] = "bicubic",
    input_size: int = 224,
) -> Model:
    return Model(
        f"gluon_{source.name}",
        RESNESTS,
        network,
        source,
        IMAGENET,
        regimes,
        (RESNEST,),
        flat_prefix="resnest_",
        client=client,
        input_size=input_size,
        timm_interpolation=timm_interpolation,
    )


MODELS: tuple[Model, ...] = (
    _model(
        ResNeStConfig((1, 1, 1, 1)),
        gluoncv(
            "resnest14",
            "7e0b0cae2fd7e9084d1e498b858af1429a6eb1cb",
            gluon="75.75 / 92.70",
            timm="75.516 / 92.512",
        ),
        Client("resnest14d", GLUON_TAG),
        ("gluon", "timm"),
        "bilinear",
    ),
    _model(
        ResNeStConfig((2, 2, 2, 2), drop_block=0.1),
        gluoncv(
            "resnest26",
            "364590740605b6a2b95f5bb77436d781a817436f",
            gluon="78.68 / 94.38",
            timm="78.476 / 94.300",
        ),
        Client("resnest26d", GLUON_TAG),
        ("gluon", "timm"),
        "bilinear",
    ),
    _model(
        ResNeStConfig((3, 4, 6, 3), drop_block=0.1),
        gluoncv("resnest50", "bcfefe1dd1dd1ef5cfed5563123c1490ea37b42e", gluon="81.04 / 95.42"),
        Client("resnest50d"),
    ),
    _model(
        ResNeStConfig((3, 4, 23, 3), stem_width=64, drop_block=0.1),
        gluoncv("resnest101", "5da943b3230f071525a98639945a6b3b3a45ac95", gluon="82.83 / 96.42"),
        Client("resnest101e"),
        input_size=256,
    ),
    _model(
        ResNeStConfig((3, 24, 36, 3), stem_width=64, dropout=0.2, drop_block=0.1),
        gluoncv("resnest200", "0c5d117df664ace220aa6fc2922c094bb079d381", gluon="83.86 / 96.86"),
        Client("resnest200e"),
        input_size=320,
    ),
    _model(
        ResNeStConfig((3, 30, 48, 8), stem_width=64, dropout=0.2, drop_block=0.1),
        gluoncv("resnest269", "11ae7f5da2bcdbad05ba7e84f9b74383e717f3e3", gluon="84.53 / 96.98"),
        Client("resnest269e"),
        input_size=416,
    ),
)
