"""ResNeXt and SE-ResNeXt of the Gluon model zoo. Weights of the e variants were never published."""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import GLUON_TAG, Client, torchvision
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.published_card import Card
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source, gluoncv
from mappings.language import Row
from mappings.resnext import (
    FIRST_FEATURE,
    FIRST_FEATURE_DEEP,
    RESNEXT,
    RESNEXT_E,
    SE_RESNEXT,
    SE_RESNEXT_E,
)

RESNEXTS = Family(
    "ResNeXt",
    "A ResNeXt: a bottleneck residual network whose 3x3 convolutions are split into groups",
    (papers.RESNEXT,),
)
SE_RESNEXTS = Family(
    "SE-ResNeXt",
    "An SE-ResNeXt: a ResNeXt whose blocks weigh their channels by squeeze-and-excitation",
    (papers.RESNEXT, papers.SENET),
)


def _model(
    name: str,
    source: Source,
    network: ResNetConfig,
    rows: tuple[Row, ...],
    client: Client | None = None,
    card: Card | None = None,
) -> Model:
    return Model(
        name,
        SE_RESNEXTS if network.se else RESNEXTS,
        network,
        source,
        IMAGENET,
        ("gluon", "timm"),
        (rows,),
        FIRST_FEATURE_DEEP if len(network.stem) > 1 else FIRST_FEATURE,
        "resnext0_",
        client,
        card=card,
    )


def _card(flops: int, parameters: int | None, file_size: int) -> Card:
    """The card of timm's port, which was saved from a network."""
    return Card(flops, parameters, file_size, "thop", module_versions=True)


MODELS: tuple[Model, ...] = (
    _model(
        "gluon_resnext50_32x4d",
        gluoncv(
            "resnext50_32x4d",
            "4ecf62e29336e0cbc5a2f844652635a330928b5a",
            gluon="79.32 / 94.53",
            timm="79.354 / 94.424",
        ),
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4),
        RESNEXT,
        Client("resnext50_32x4d", GLUON_TAG, torchvision("resnext50_32x4d")),
        _card(5472648192, 25030000, 100441719),
    ),
    _model(
        "gluon_resnext101_32x4d",
        gluoncv(
            "resnext101_32x4d",
            "8654ca5d0ba30a7868c5b42a7d4cc0ff2ba04dbc",
            gluon="80.37 / 95.06",
            timm="80.336 / 94.908",
        ),
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4),
        RESNEXT,
        Client(
            "resnext101_32x4d",
            GLUON_TAG,
            "torchvision.models.ResNet(\n    Bottleneck, [3, 4, 23, 3], num_classes={n}, "
            "groups=32, width_per_group=4\n)",
        ),
        _card(10298145792, 44180000, 177367414),
    ),
    _model(
        "gluon_resnext101_64x4d",
        gluoncv(
            "resnext101_64x4d",
            "2f0d1c9d343d140775bfa7548dd3a881a35855de",
            gluon="80.69 / 95.17",
            timm="80.640 / 95.000",
        ),
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4),
        RESNEXT,
        Client("resnext101_64x4d", GLUON_TAG, torchvision("resnext101_64x4d")),
        _card(19954172928, 83460000, 334737852),
    ),
    _model(
        "gluon_resnext101e_64x4d",
        gluoncv("resnext101e_64x4d"),
        ResNetConfig(
            (3, 4, 23, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            average_down=True,
        ),
        RESNEXT_E,
    ),
    _model(
        "gluon_seresnext50_32x4d",
        gluoncv(
            "se_resnext50_32x4d",
            "7906e0e16013ef8d195cbc05463cc37783ec7a8a",
            gluon="79.95 / 94.93",
            timm="79.916 / 94.816",
        ),
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        SE_RESNEXT,
        Client("seresnext50_32x4d", GLUON_TAG),
        _card(5475179184, None, 110578827),
    ),
    _model(
        "gluon_seresnext101_32x4d",
        gluoncv(
            "se_resnext101_32x4d",
            "688e238985d45a38803c62cf345af2813d0e8aa0",
            gluon="80.91 / 95.39",
            timm="80.886 / 95.268",
        ),
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4, se=True),
        SE_RESNEXT,
        Client("seresnext101_32x4d", GLUON_TAG),
        _card(10302923504, None, 196505510),
    ),
    _model(
        "gluon_seresnext101_64x4d",
        gluoncv(
            "se_resnext101_64x4d",
            "11c50114a0483e27e74dc4236904254ef05b634b",
            gluon="81.01 / 95.32",
            timm="80.884 / 95.308",
        ),
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4, se=True),
        SE_RESNEXT,
        Client("seresnext101_64x4d", GLUON_TAG),
        _card(19958950640, None, 353875948),
    ),
    _model(
        "gluon_se_resnext101e_64x4d",
        gluoncv("se_resnext101e_64x4d"),
        ResNetConfig(
            (3, 4, 23, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            se=True,
            average_down=True,
        ),
        SE_RESNEXT_E,
    ),
)
