"""ResNeXt and SE-ResNeXt of the Gluon model zoo; of the e variants no weights were published."""

from __future__ import annotations

from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.record import Card, Model, gluoncv
from mappings.resnext import (
    FIRST_FEATURE_DEEP,
    RESNEXT,
    RESNEXT_E,
    SE_RESNEXT,
    SE_RESNEXT_E,
)

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_resnext50_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4),
        gluoncv(
            "resnext50_32x4d",
            "4ecf62e29336e0cbc5a2f844652635a330928b5a",
            gluon="79.32 / 94.53",
            timm="79.354 / 94.424",
        ),
        (RESNEXT,),
        card=Card(5472648192, 25030000, 100441719),
    ),
    Model(
        "gluon_resnext101_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4),
        gluoncv(
            "resnext101_32x4d",
            "8654ca5d0ba30a7868c5b42a7d4cc0ff2ba04dbc",
            gluon="80.37 / 95.06",
            timm="80.336 / 94.908",
        ),
        (RESNEXT,),
        card=Card(10298145792, 44180000, 177367414),
    ),
    Model(
        "gluon_resnext101_64x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4),
        gluoncv(
            "resnext101_64x4d",
            "2f0d1c9d343d140775bfa7548dd3a881a35855de",
            gluon="80.69 / 95.17",
            timm="80.640 / 95.000",
        ),
        (RESNEXT,),
        card=Card(19954172928, 83460000, 334737852),
    ),
    Model(
        "gluon_resnext101e_64x4d",
        "ResNeXt",
        ResNetConfig(
            (3, 4, 23, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            average_down=True,
        ),
        gluoncv("resnext101e_64x4d"),
        (RESNEXT_E,),
        first_feature=FIRST_FEATURE_DEEP,
    ),
    Model(
        "gluon_seresnext50_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        gluoncv(
            "se_resnext50_32x4d",
            "7906e0e16013ef8d195cbc05463cc37783ec7a8a",
            gluon="79.95 / 94.93",
            timm="79.916 / 94.816",
        ),
        (SE_RESNEXT,),
        card=Card(5475179184, None, 110578827),
    ),
    Model(
        "gluon_seresnext101_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4, se=True),
        gluoncv(
            "se_resnext101_32x4d",
            "688e238985d45a38803c62cf345af2813d0e8aa0",
            gluon="80.91 / 95.39",
            timm="80.886 / 95.268",
        ),
        (SE_RESNEXT,),
        card=Card(10302923504, None, 196505510),
    ),
    Model(
        "gluon_seresnext101_64x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4, se=True),
        gluoncv(
            "se_resnext101_64x4d",
            "11c50114a0483e27e74dc4236904254ef05b634b",
            gluon="81.01 / 95.32",
            timm="80.884 / 95.308",
        ),
        (SE_RESNEXT,),
        card=Card(19958950640, None, 353875948),
    ),
    Model(
        "gluon_se_resnext101e_64x4d",
        "SE-ResNeXt",
        ResNetConfig(
            (3, 4, 23, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            se=True,
            average_down=True,
        ),
        gluoncv("se_resnext101e_64x4d"),
        (SE_RESNEXT_E,),
        first_feature=FIRST_FEATURE_DEEP,
    ),
)
