"""ResNet v1b of the Gluon model zoo, the ResNet of torchvision, and its offspring.

v1c has a deep stem, v1s a wider one; v1d and v1e are these with shortcuts that average.
"""

from __future__ import annotations

from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.record import Model, Source, gluoncv
from mappings.language import Row
from mappings.resnet_v1b import BASIC, BOTTLENECK, DEEP_STEM, DEEP_STEM_AVERAGED, GROUP_NORM

R18, R34, R50 = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 6, 3)
R101, R152 = (3, 4, 23, 3), (3, 8, 36, 3)
DEEP, WIDE = (32, 32, 64), (64, 64, 128)

# GluonCV's GroupNorm sums a group's 25 000 values less finely in float32 than PyTorch's: with
# synthetic weights the port is at 0.3 of its distance to the truth.
FINER_SUMS = (0.1, 2.0)


def _model(
    letter: str,
    network: ResNetConfig,
    rows: tuple[Row, ...],
    source: Source,
) -> Model:
    return Model(
        f"gluon_{source.name}",
        f"ResNet v1{letter}",
        network,
        source,
        (rows,),
        flat_prefix=f"resnetv1{letter}_",
        arithmetic=FINER_SUMS if network.norm == "group" else (0.5, 2.0),
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
    ),
    _model(
        "b",
        ResNetConfig(R50, norm="group"),
        GROUP_NORM,
        gluoncv(
            "resnet50_v1b_gn", "48ddf358d5acc879f76740dae695be67d96beea6", gluon="77.36 / 93.59"
        ),
    ),
    _model("b", ResNetConfig(R101, norm="group"), GROUP_NORM, gluoncv("resnet101_v1b_gn")),
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
    ),
    _model(
        "e",
        ResNetConfig(R50, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet50_v1e"),
    ),
    _model(
        "e",
        ResNetConfig(R101, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet101_v1e"),
    ),
    _model(
        "e",
        ResNetConfig(R152, stem=WIDE, average_down=True),
        DEEP_STEM_AVERAGED,
        gluoncv("resnet152_v1e"),
    ),
    _model(
        "s",
        ResNetConfig(R50, stem=WIDE),
        DEEP_STEM,
        gluoncv("resnet50_v1s", "25a187fa281ddc98afbcd0cc0f0646885b874b80", timm="78.710 / 94.248"),
    ),
    _model(
        "s",
        ResNetConfig(R101, stem=WIDE),
        DEEP_STEM,
        gluoncv(
            "resnet101_v1s", "bd93a83c05f709a803b1221aeff0b028e6eebb03", timm="80.278 / 95.160"
        ),
    ),
    _model(
        "s",
        ResNetConfig(R152, stem=WIDE),
        DEEP_STEM,
        gluoncv(
            "resnet152_v1s", "cf74621d988ad06c6c6aa44f5597e5b600a966cc", timm="81.048 / 95.442"
        ),
    ),
)
