"""SE-ResNeXt trained in timm."""

from __future__ import annotations

from architectures.catalogue import origin
from architectures.catalogue.client import Client
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.figure import TIMM_TABLE
from architectures.catalogue.published_card import Card
from architectures.catalogue.record import Model
from architectures.catalogue.resnext import SE_RESNEXTS
from architectures.catalogue.source import Source

TIMM = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/"

MODELS: tuple[Model, ...] = (
    Model(
        "seresnext26d_32x4d",
        SE_RESNEXTS,
        ResNetConfig(
            (2, 2, 2, 2),
            cardinality=32,
            base_width=4,
            stem=(32, 32, 64),
            average_down=True,
            se=True,
        ),
        Source(
            "timm",
            "seresnext26d_32x4d.bt_in1k",
            origin.TIMM,
            TIMM + "seresnext26d_32x4d-80fa48a3.pth",
        ).measured("timm", "77.592 / 93.614", TIMM_TABLE),
        IMAGENET,
        ("timm",),
        client=Client("seresnext26d_32x4d", "bt_in1k"),
        card=Card(3507053024, None, 67425193, "thop"),
    ),
    Model(
        "seresnext26t_32x4d",
        SE_RESNEXTS,
        ResNetConfig(
            (2, 2, 2, 2),
            cardinality=32,
            base_width=4,
            stem=(24, 32, 64),
            average_down=True,
            se=True,
        ),
        Source(
            "timm",
            "seresnext26t_32x4d.bt_in1k",
            origin.TIMM,
            TIMM + "seresnext26tn_32x4d-569cb627.pth",
        ).measured("timm", "77.980 / 93.750", TIMM_TABLE),
        IMAGENET,
        ("timm",),
        client=Client("seresnext26t_32x4d", "bt_in1k"),
        card=Card(3466436448, None, 67414838, "thop", averaged=True),
    ),
    Model(
        "seresnext50_32x4d",
        SE_RESNEXTS,
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        Source(
            "timm",
            "seresnext50_32x4d.racm_in1k",
            origin.TIMM,
            TIMM + "seresnext50_32x4d_racm-a304a460.pth",
        ).measured("timm", "81.268 / 95.624", TIMM_TABLE),
        IMAGENET,
        ("timm",),
        client=Client("seresnext50_32x4d", "racm_in1k"),
        card=Card(5475179184, None, 110569859, "thop", averaged=True),
    ),
)
