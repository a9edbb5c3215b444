"""ResNet v1b of the Gluon model zoo, which is torchvision's ResNet, and the models made from it.

v1c has a deep stem and v1s a wider one. v1d and v1e are these two with shortcuts that average.
"""

from __future__ import annotations

from architectures.catalogue import papers
from architectures.catalogue.client import GLUON_TAG, Client, torchvision
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import IMAGENET
from architectures.catalogue.family import Family
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source, gluoncv
from mappings.language import Row
from mappings.resnet_v1b import BASIC, BOTTLENECK, DEEP_STEM, DEEP_STEM_AVERAGED, GROUP_NORM

R18, R34, R50 = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 6, 3)
R101, R152 = (3, 4, 23, 3), (3, 8, 36, 3)
DEEP, WIDE = (32, 32, 64), (64, 64, 128)
STEM_OF_64 = (("stem_width", 64),)  # how timm builds the wide stem

FAMILIES = {
    "b": Family(
        "ResNet v1b",
        "A residual network with its stride on the 3x3 convolutions, as torchvision has it",
        (papers.RESNET,),
    ),
    "c": Family(
        "ResNet v1c", "A residual network with a deep stem", (papers.RESNET, papers.BAG_OF_TRICKS)
    ),
    "d": Family(
        "ResNet v1d",
        "A residual network with a deep stem and shortcuts that average",
        (papers.RESNET, papers.BAG_OF_TRICKS),
    ),
    "e": Family(
        "ResNet v1e",
        "A residual network with a wide deep stem and shortcuts that average",
        (papers.RESNET, papers.BAG_OF_TRICKS),
    ),
    "s": Family(
        "ResNet v1s",
        "A residual network with a wide deep stem",
        (papers.RESNET, papers.BAG_OF_TRICKS),
    ),
}


def _model(
    letter: str, network: ResNetConfig, rows: tuple[Row, ...], source: Source, client: Client
) -> Model:
    return Model(
        f"gluon_{source.name}",
        FAMILIES[letter],
        network,
        source,
        IMAGENET,
        ("gluon", "timm"),
        (rows,),
        flat_prefix=f"resnetv1{letter}_",
        client=client,
    )


MODELS: tuple[Model, ...] = (
    _model(
        "b",
        ResNetConfig(R18, block="basic"),
        BASIC,
        gluoncv(
            "resnet18_v1b",
            "2d9d980c990442f826f20781ed039851e78dabe3",
            gluon="70.94 / 89.83",
            timm="70.844 / 89.750",
        ),
        Client("resnet18", GLUON_TAG, torchvision("resnet18")),
    ),
    _model(
        "b",
        ResNetConfig(R34, block="basic"),
        BASIC,
        gluoncv(
            "resnet34_v1b",
            "8e16b84814e84f64d897854003f049872991eaa6",
            gluon="74.65 / 92.08",
            timm="74.574 / 91.988",
        ),
        Client("resnet34", GLUON_TAG, torchvision("resnet34")),
    ),
    _model(
        "b",
        ResNetConfig(R50),
        BOTTLENECK,
        gluoncv(
            "resnet50_v1b",
            "0ecdba34691be172036ddf244ff1b2eade75ffde",
            gluon="77.67 / 93.82",
            timm="77.580 / 93.704",
        ),
        Client("resnet50", GLUON_TAG, torchvision("resnet50")),
    ),
    _model(
        "b",
        ResNetConfig(R101),
        BOTTLENECK,
        gluoncv(
            "resnet101_v1b",
            "a455932aa95cb7dcfa05fd040b9b5a5660733c39",
            gluon="79.20 / 94.61",
            timm="79.306 / 94.538",
        ),
        Client("resnet101", GLUON_TAG, torchvision("resnet101")),
    ),
    _model(
        "b",
        ResNetConfig(R152),
        BOTTLENECK,
        gluoncv(
            "resnet152_v1b",
            "a5a61ee1ce5ab7c09720775b223360f3c60e211d",
            gluon="79.69 / 94.74",
            timm="79.712 / 94.720",
        ),
        Client("resnet152", GLUON_TAG, torchvision("resnet152")),
    ),
    _model(
        "b",
        ResNetConfig(R50, norm="group"),
        GROUP_NORM,
        gluoncv(
            "resnet50_v1b_gn", "48ddf358d5acc879f76740dae695be67d96beea6", gluon="77.36 / 93.59"
        ),
        Client("resnet50_gn"),
    ),
    _model(
        "b",
        ResNetConfig(R101, norm="group"),
        GROUP_NORM,
        gluoncv("resnet101_v1b_gn"),
        Client("resnet101", options=(("norm_layer", "groupnorm"),)),
    ),
    _model(
        "c",
        ResNetConfig(R50, stem=DEEP),
        DEEP_STEM,
        gluoncv(
            "resnet50_v1c",
            "2a4e070854db538595cc7ee02e1a914bdd49ca02",
            gluon="78.03 / 94.09",
            timm="78.016 / 93.994",
        ),
        Client("resnet50c", GLUON_TAG),
    ),
    _model(
        "c",
        ResNetConfig(R101, stem=DEEP),
        DEEP_STEM,
        gluoncv(
            "resnet101_v1c",
            "064858f23f9878bfbbe378a88ccb25d612b149a1",
            gluon="79.60 / 94.75",
            timm="79.542 / 94.588",
        ),
        Client("resnet101c", GLUON_TAG),
    ),
    _model(
        "c",
        ResNetConfig(R152, stem=DEEP),
        DEEP_STEM,
        gluoncv(
            "resnet152_v1c",
            "75babab699e1c93f5da3c1ce4fd0092d1075f9a0",
            gluon="80.01 / 94.96",
            timm="79.904 / 94.854",
        ),
        Client("resnet152c", GLUON_TAG),
    ),
    _model(
        "d",
        ResNetConfig(R50, stem=DEEP, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv(
            "resnet50_v1d",
            "117a384ecf61490eb31ea147eb0e61e6d2b8a449",
            gluon="79.15 / 94.58",
            timm="79.080 / 94.458",
        ),
        Client("resnet50d", GLUON_TAG),
    ),
    _model(
        "d",
        ResNetConfig(R101, stem=DEEP, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv(
            "resnet101_v1d",
            "1b2b825feff86b0354642a4ab59f9b6e35e47338",
            gluon="80.51 / 95.12",
            timm="80.466 / 95.034",
        ),
        Client("resnet101d", GLUON_TAG),
    ),
    _model(
        "d",
        ResNetConfig(R152, stem=DEEP, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv(
            "resnet152_v1d",
            "cddbc86ff24a5544f57242ded0acb14ef1fbd437",
            gluon="80.61 / 95.34",
            timm="80.476 / 95.194",
        ),
        Client("resnet152d", GLUON_TAG),
    ),
    _model(
        "e",
        ResNetConfig(R50, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet50_v1e"),
        Client("resnet50d", options=STEM_OF_64),
    ),
    _model(
        "e",
        ResNetConfig(R101, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet101_v1e"),
        Client("resnet101d", options=STEM_OF_64),
    ),
    _model(
        "e",
        ResNetConfig(R152, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet152_v1e"),
        Client("resnet152d", options=STEM_OF_64),
    ),
    _model(
        "s",
        ResNetConfig(R50, stem=WIDE),
        DEEP_STEM,
        gluoncv("resnet50_v1s", "25a187fa281ddc98afbcd0cc0f0646885b874b80", timm="78.710 / 94.248"),
        Client("resnet50s", GLUON_TAG),
    ),
    _model(
        "s",
        ResNetConfig(R101, stem=WIDE),
        DEEP_STEM,
        gluoncv(
            "resnet101_v1s", "bd93a83c05f709a803b1221aeff0b028e6eebb03", timm="80.278 / 95.160"
        ),
        Client("resnet101s", GLUON_TAG),
    ),
    _model(
        "s",
        ResNetConfig(R152, stem=WIDE),
        DEEP_STEM,
        gluoncv(
            "resnet152_v1s", "cf74621d988ad06c6c6aa44f5597e5b600a966cc", timm="81.048 / 95.442"
        ),
        Client("resnet152s", GLUON_TAG),
    ),
)
