"""DarkNet-53 of the Gluon model zoo.

timm's ``darknet53`` has the same tensors, but its activations have a slope of 0.01 below 0, and
GluonCV's one of 0.1; no name or option of timm's changes that, so no client has the network.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.darknet_config import DarkNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source, gluoncv
from mappings.darknet import darknet

DARKNETS = Family("DarkNet", "A residual network, the backbone of YOLOv3", (papers.YOLOV3,))


def _model(source: Source, network: DarkNetConfig) -> Model:
    return Model(
        f"gluon_{source.name}",
        DARKNETS,
        network,
        source,
        IMAGENET,
        ("gluon",),
        (darknet(network.depths),),
        flat_prefix="darknetv30_",
    )


MODELS: tuple[Model, ...] = (
    _model(
        gluoncv("darknet53", "2189ea49720a116dead245b9b252301cffa18d28", gluon="78.56 / 94.43"),
        DarkNetConfig((1, 2, 8, 8, 4), (32, 64, 128, 256, 512, 1024)),
    ),
)
