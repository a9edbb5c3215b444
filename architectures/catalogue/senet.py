"""SENet-154 of the Gluon model zoo, and SENet-154e, whose shortcuts average.

Weights of SENet-154e were never published.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.config import SENetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.resnext import FIRST_FEATURE_DEEP, SE_RESNEXT_E, SENET

SENETS = Family(
    "SENet",
    "An SENet: a residual network of 154 layers with squeeze-and-excitation in its blocks",
    (papers.SENET,),
)

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_senet154",
        SENETS,
        SENetConfig((3, 8, 36, 3), cardinality=64, base_width=4, stem=(64, 64, 128), se=True),
        gluoncv(
            "senet_154",
            "b5538ef10557243511b9b46063aa4c40790d74ba",
            gluon="81.26 / 95.51",
            timm="81.258 / 95.358",
        ),
        IMAGENET,
        ("gluon", "timm"),
        (SENET,),
        FIRST_FEATURE_DEEP,
        "senet0_",
    ),
    Model(
        "gluon_senet_154e",
        SENETS,
        SENetConfig(
            (3, 8, 36, 3),
            cardinality=64,
            base_width=4,
            stem=(64, 64, 128),
            se=True,
            average_down=True,
        ),
        gluoncv("senet_154e"),
        IMAGENET,
        ("gluon", "timm"),
        (SE_RESNEXT_E,),
        FIRST_FEATURE_DEEP,
        "senet0_",
    ),
)
