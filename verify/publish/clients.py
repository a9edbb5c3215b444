"""What other libraries call our networks: facts of timm 1.0 and torchvision 0.21 and later."""

from __future__ import annotations

from dataclasses import dataclass

from architectures import Model


@dataclass(frozen=True)
class Client:
    """The same network elsewhere, with the same state dict.

    ``timm`` is its architecture there and ``tag`` that of the published weights (timm's untagged
    names mean other weights); ``torchvision`` is an expression that builds it, ``{n}`` its class
    count, empty where torchvision has none.
    """

    timm: str
    tag: str
    torchvision: str = ""


GLUON = "gluon_in1k"

CLIENTS: dict[str, Client] = {
    "gluon_resnext50_32x4d": Client(
        "resnext50_32x4d", GLUON, "torchvision.models.resnext50_32x4d(num_classes={n})"
    ),
    "gluon_resnext101_32x4d": Client(
        "resnext101_32x4d",
        GLUON,
        "torchvision.models.ResNet(Bottleneck, [3, 4, 23, 3], num_classes={n}, "
        "groups=32, width_per_group=4)",
    ),
    "gluon_resnext101_64x4d": Client(
        "resnext101_64x4d", GLUON, "torchvision.models.resnext101_64x4d(num_classes={n})"
    ),
    "gluon_seresnext50_32x4d": Client("seresnext50_32x4d", GLUON),
    "gluon_seresnext101_32x4d": Client("seresnext101_32x4d", GLUON),
    "gluon_seresnext101_64x4d": Client("seresnext101_64x4d", GLUON),
    "seresnext26d_32x4d": Client("seresnext26d_32x4d", "bt_in1k"),
    "seresnext26t_32x4d": Client("seresnext26t_32x4d", "bt_in1k"),
    "seresnext50_32x4d": Client("seresnext50_32x4d", "racm_in1k"),
    "seresnet50_8xb32_in1k": Client("seresnet50", ""),
    "seresnet101_8xb32_in1k": Client("seresnet101", ""),
}
"""By the catalogue's names. A model that is not here is loaded by gluonport alone."""


def client(model: Model) -> Client | None:
    """What timm and torchvision call the model's network; None where they have no such network."""
    return CLIENTS.get(model.name)
