"""What other libraries call our networks: facts of timm 1.0 and torchvision 0.21 and later."""

from __future__ import annotations

from dataclasses import dataclass

from architectures import Model


@dataclass(frozen=True)
class Client:
    """The same network elsewhere, with the same state dict.

    ``timm`` is its architecture there and ``tag`` that of the published weights, since timm's
    untagged names mean other weights; empty where timm has none of them. ``options`` are arguments
    that the architecture is built with. ``torchvision`` is an expression that builds it, ``{n}``
    its class count; empty where torchvision has none.
    """

    timm: str
    tag: str = ""
    torchvision: str = ""
    options: tuple[tuple[str, int | str], ...] = ()


GLUON = "gluon_in1k"
TORCHVISION = "torchvision.models.{}(num_classes={{n}})"


def _resnet_v1b(depth: int) -> Client:
    name = f"resnet{depth}"
    return Client(name, GLUON, TORCHVISION.format(name))


CLIENTS: dict[str, Client] = {
    "gluon_resnext50_32x4d": Client(
        "resnext50_32x4d", GLUON, TORCHVISION.format("resnext50_32x4d")
    ),
    "gluon_resnext101_32x4d": Client(
        "resnext101_32x4d",
        GLUON,
        "torchvision.models.ResNet(\n    Bottleneck, [3, 4, 23, 3], num_classes={n}, groups=32, "
        "width_per_group=4\n)",
    ),
    "gluon_resnext101_64x4d": Client(
        "resnext101_64x4d", GLUON, TORCHVISION.format("resnext101_64x4d")
    ),
    "gluon_seresnext50_32x4d": Client("seresnext50_32x4d", GLUON),
    "gluon_seresnext101_32x4d": Client("seresnext101_32x4d", GLUON),
    "gluon_seresnext101_64x4d": Client("seresnext101_64x4d", GLUON),
    "gluon_resnet18_v1b": _resnet_v1b(18),
    "gluon_resnet34_v1b": _resnet_v1b(34),
    "gluon_resnet50_v1b": _resnet_v1b(50),
    "gluon_resnet101_v1b": _resnet_v1b(101),
    "gluon_resnet152_v1b": _resnet_v1b(152),
    "gluon_resnet50_v1b_gn": Client("resnet50_gn"),
    "gluon_resnet101_v1b_gn": Client("resnet101", options=(("norm_layer", "groupnorm"),)),
    "gluon_resnet18_v1": Client("resnet18", "", TORCHVISION.format("resnet18")),
    "gluon_resnet34_v1": Client("resnet34", "", TORCHVISION.format("resnet34")),
    "gluon_resnet152_v1c": Client("resnet152c", GLUON),
    "gluon_resnet152_v1d": Client("resnet152d", GLUON),
    "gluon_resnet101_v1e": Client("resnet101d", options=(("stem_width", 64),)),
    "gluon_resnet152_v1e": Client("resnet152d", options=(("stem_width", 64),)),
    "gluon_resnet101_v1s": Client("resnet101s", GLUON),
    "gluon_resnet152_v1s": Client("resnet152s", GLUON),
    "gluon_resnet50_v1c": Client("resnet50c", GLUON),
    "gluon_resnet101_v1c": Client("resnet101c", GLUON),
    "gluon_resnet50_v1d": Client("resnet50d", GLUON),
    "gluon_resnet101_v1d": Client("resnet101d", GLUON),
    "gluon_resnet50_v1e": Client("resnet50d", options=(("stem_width", 64),)),
    "gluon_resnet50_v1s": Client("resnet50s", GLUON),
    "gluon_resnest14": Client("resnest14d", GLUON),
    "gluon_resnest26": Client("resnest26d", GLUON),
    "gluon_resnest50": Client("resnest50d"),
    "gluon_resnest101": Client("resnest101e"),
    "gluon_resnest200": Client("resnest200e"),
    "gluon_resnest269": Client("resnest269e"),
    "seresnext26d_32x4d": Client("seresnext26d_32x4d", "bt_in1k"),
    "seresnext26t_32x4d": Client("seresnext26t_32x4d", "bt_in1k"),
    "seresnext50_32x4d": Client("seresnext50_32x4d", "racm_in1k"),
    "seresnet50_8xb32_in1k": Client("seresnet50"),
    "seresnet101_8xb32_in1k": Client("seresnet101"),
}
"""By the catalogue's names. A model that is not here is loaded by gluonport alone."""


def client(model: Model) -> Client | None:
    """What timm and torchvision call the model's network; None where they have no such network."""
    return CLIENTS.get(model.name)
