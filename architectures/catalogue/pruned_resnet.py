"""Pruned ResNets of the Gluon model zoo: v1b and v1d, each convolution with its own width.

GluonCV registers each under one number and stores its file under another (model_store.py,
``_renames``).
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from architectures.catalogue import papers
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import gluoncv
from mappings.resnet_v1b import BASIC, DEEP_STEM_AVERAGED

PRUNED_RESNETS = Family(
    "Pruned ResNet",
    "A residual network whose convolutions were pruned, each to a width of its own",
    (papers.RESNET, papers.BAG_OF_TRICKS),
)
WIDTHS = json.loads((files("architectures.catalogue") / "pruned.json").read_text())["networks"]


def _model(name: str, stored: str, sha1: str, gluon: str, **network: Any) -> Model:
    stages = tuple(tuple(map(tuple, stage)) for stage in WIDTHS[stored]["stages"])
    config = ResNetConfig(
        tuple(map(len, stages)), stem=tuple(WIDTHS[stored]["stem"]), pruned=stages, **network
    )
    return Model(
        f"gluon_{name}",
        PRUNED_RESNETS,
        config,
        gluoncv(name, sha1, stored, gluon),
        IMAGENET,
        ("gluon", "timm"),
        (BASIC if config.block == "basic" else DEEP_STEM_AVERAGED,),
        flat_prefix="resnetv1b_" if config.block == "basic" else "resnetv1d_",
    )


MODELS: tuple[Model, ...] = (
    _model(
        "resnet18_v1b_0.89",
        "resnet18_v1b_2.6x",
        "54f7742b1f8939ef8e59ede3469bfa5eb6e247fa",
        "67.2 / 87.45",
        block="basic",
    ),
    _model(
        "resnet50_v1d_0.86",
        "resnet50_v1d_1.8x",
        "a230c33f7966ab761597328686b28d0545e4ea30",
        "78.02 / 93.82",
        average_down=True,
    ),
    _model(
        "resnet50_v1d_0.48",
        "resnet50_v1d_3.6x",
        "0d3e69bb033d1375c3734419bbc653c3a474ea53",
        "74.66 / 92.34",
        average_down=True,
    ),
    _model(
        "resnet50_v1d_0.37",
        "resnet50_v1d_5.9x",
        "9982ae4985b14e1c0ab25342a9f08bc4773b3998",
        "70.71 / 89.74",
        average_down=True,
    ),
    _model(
        "resnet50_v1d_0.11",
        "resnet50_v1d_8.8x",
        "6a25eeceb7d27bd9c05fa2bf250c55d3960ad4c7",
        "63.22 / 84.79",
        average_down=True,
    ),
    _model(
        "resnet101_v1d_0.76",
        "resnet101_v1d_1.9x",
        "a872796b63fb883116831db3454711421a628154",
        "79.46 / 94.69",
        average_down=True,
    ),
    _model(
        "resnet101_v1d_0.73",
        "resnet101_v1d_2.2x",
        "712fccb185921a596baebe9246ff6c994b88591b",
        "78.89 / 94.48",
        average_down=True,
    ),
)
