"""SENet-154 of the Gluon model zoo, and SENet-154e, whose shortcuts average: never published."""

from __future__ import annotations

from architectures.catalogue.config import SENetConfig
from architectures.catalogue.record import Model, gluoncv
from mappings.resnext import FIRST_FEATURE_DEEP, SE_RESNEXT_E, SENET

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_senet154",
        "SENet",
        SENetConfig((3, 8, 36, 3), cardinality=64, base_width=4, stem=(64, 64, 128), se=True),
        gluoncv(
            "senet_154",
            "b5538ef10557243511b9b46063aa4c40790d74ba",
            gluon="81.26 / 95.51",
            timm="81.258 / 95.358",
        ),
        (SENET,),
        first_feature=FIRST_FEATURE_DEEP,
        flat_prefix="senet0_",
    ),
    Model(
        "gluon_senet_154e",
        "SENet",
        SENetConfig(
            (3, 8, 36, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            se=True,
            average_down=True,
        ),
        gluoncv("senet_154e"),
        (SE_RESNEXT_E,),
        first_feature=FIRST_FEATURE_DEEP,
        flat_prefix="senet0_",
    ),
)
