"""DLA-34 of the Gluon model zoo.

No other library has this network. timm's ``dla34`` has the same levels, but its classifier takes
the means of the last level's 512 channels; GluonCV's takes those of all levels, 1008 channels.
GluonCV printed no accuracy of the weights.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.dla_config import DLAConfig
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.dla import dla

NETWORK = DLAConfig((1, 1, 1, 2, 2, 1), (16, 32, 64, 128, 256, 512))

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_dla34",
        Family("DLA", "A network with deep layer aggregation", (papers.DLA,)),
        NETWORK,
        gluoncv("dla34", "5fd8d651eea4b8f3767174ea63bd0afc1fa541d8"),
        IMAGENET,
        ("gluon",),
        (dla(NETWORK.levels, NETWORK.channels),),
        flat_prefix="",
    ),
)
