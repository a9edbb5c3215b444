"""Every model that gluonport converts: one frozen record each, and the look-up by name."""

from __future__ import annotations

from difflib import get_close_matches

from architectures.config import ResNetConfig
from architectures.record import Card, Figure, Model, Source, gluoncv
from mappings.errors import GluonportError
from mappings.mmpretrain import SE_RESNET, SE_RESNET_OLD
from mappings.resnext import RESNEXT, SE_RESNEXT

GLUONCV_TABLE = "GluonCV model zoo, classification table"
TIMM_TABLE = "timm, results-imagenet.csv"
MMPRETRAIN_TABLE = "mmpretrain, configs/seresnet/README.md"

TIMM = "https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/"
MMPRETRAIN = "https://download.openmmlab.com/mmclassification/v0/se-resnet/"

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_resnext50_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4),
        gluoncv("resnext50_32x4d", "4ecf62e29336e0cbc5a2f844652635a330928b5a"),
        (RESNEXT,),
        figures=(
            Figure("gluon", 79.32, 94.53, GLUONCV_TABLE),
            Figure("timm", 79.354, 94.424, TIMM_TABLE),
        ),
        card=Card(5472648192, 25030000, 100441719),
    ),
    Model(
        "gluon_resnext101_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4),
        gluoncv("resnext101_32x4d", "8654ca5d0ba30a7868c5b42a7d4cc0ff2ba04dbc"),
        (RESNEXT,),
        figures=(
            Figure("gluon", 80.37, 95.06, GLUONCV_TABLE),
            Figure("timm", 80.336, 94.908, TIMM_TABLE),
        ),
        card=Card(10298145792, 44180000, 177367414),
    ),
    Model(
        "gluon_resnext101_64x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4),
        gluoncv("resnext101_64x4d", "2f0d1c9d343d140775bfa7548dd3a881a35855de"),
        (RESNEXT,),
        figures=(
            Figure("gluon", 80.69, 95.17, GLUONCV_TABLE),
            Figure("timm", 80.64, 95.0, TIMM_TABLE),
        ),
        card=Card(19954172928, 83460000, 334737852),
    ),
    Model(
        "gluon_seresnext50_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        gluoncv("se_resnext50_32x4d", "7906e0e16013ef8d195cbc05463cc37783ec7a8a"),
        (SE_RESNEXT,),
        figures=(
            Figure("gluon", 79.95, 94.93, GLUONCV_TABLE),
            Figure("timm", 79.916, 94.816, TIMM_TABLE),
        ),
        card=Card(5475179184, None, 110578827),
    ),
    Model(
        "gluon_seresnext101_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4, se=True),
        gluoncv("se_resnext101_32x4d", "688e238985d45a38803c62cf345af2813d0e8aa0"),
        (SE_RESNEXT,),
        figures=(
            Figure("gluon", 80.91, 95.39, GLUONCV_TABLE),
            Figure("timm", 80.886, 95.268, TIMM_TABLE),
        ),
        card=Card(10302923504, None, 196505510),
    ),
    Model(
        "gluon_seresnext101_64x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4, se=True),
        gluoncv("se_resnext101_64x4d", "11c50114a0483e27e74dc4236904254ef05b634b"),
        (SE_RESNEXT,),
        figures=(
            Figure("gluon", 81.01, 95.32, GLUONCV_TABLE),
            Figure("timm", 80.884, 95.308, TIMM_TABLE),
        ),
        card=Card(19958950640, None, 353875948),
    ),
    Model(
        "seresnext26d_32x4d",
        "SE-ResNeXt",
        ResNetConfig(
            (2, 2, 2, 2),
            cardinality=32,
            base_width=4,
            stem=(32, 32, 64),
            average_down=True,
            se=True,
        ),
        Source("timm", "seresnext26d_32x4d.bt_in1k", TIMM + "seresnext26d_32x4d-80fa48a3.pth"),
        figures=(Figure("timm", 77.592, 93.614, TIMM_TABLE),),
        card=Card(3507053024, None, 67425193),
        regimes=("timm",),
    ),
    Model(
        "seresnext26t_32x4d",
        "SE-ResNeXt",
        ResNetConfig(
            (2, 2, 2, 2),
            cardinality=32,
            base_width=4,
            stem=(24, 32, 64),
            average_down=True,
            se=True,
        ),
        Source("timm", "seresnext26t_32x4d.bt_in1k", TIMM + "seresnext26tn_32x4d-569cb627.pth"),
        figures=(Figure("timm", 77.98, 93.75, TIMM_TABLE),),
        card=Card(3466436448, None, 67414838),
        regimes=("timm",),
    ),
    Model(
        "seresnext50_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        Source(
            "timm",
            "seresnext50_32x4d.racm_in1k",
            TIMM + "seresnext50_32x4d_racm-a304a460.pth",
        ),
        figures=(Figure("timm", 81.268, 95.624, TIMM_TABLE),),
        card=Card(5475179184, None, 110569859),
        regimes=("timm",),
    ),
    Model(
        "seresnet50_8xb32_in1k",
        "SE-ResNet",
        ResNetConfig((3, 4, 6, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet50_8xb32_in1k",
            MMPRETRAIN + "se-resnet50_batch256_imagenet_20200804-ae206104.pth",
        ),
        (SE_RESNET, SE_RESNET_OLD),
        figures=(Figure("mmpretrain", 77.74, 93.84, MMPRETRAIN_TABLE),),
        card=Card(4.13, 28.09, None),
        regimes=("mmpretrain",),
    ),
    Model(
        "seresnet101_8xb32_in1k",
        "SE-ResNet",
        ResNetConfig((3, 4, 23, 3), se=True),
        Source(
            "mmpretrain",
            "seresnet101_8xb32_in1k",
            MMPRETRAIN + "se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
        ),
        (SE_RESNET, SE_RESNET_OLD),
        figures=(Figure("mmpretrain", 78.26, 94.07, MMPRETRAIN_TABLE),),
        card=Card(7.86, 49.33, None),
        regimes=("mmpretrain",),
    ),
    Model(
        "gluon_seresnext8_digits",
        "Sample",
        ResNetConfig((1, 1), cardinality=8, base_width=4, se=True),
        Source(
            "gluoncv",
            "seresnext8_digits",
            sha1="b5c1dcaa85b5b978c49b34451ee55615fb79e228",
            packaged="gluon_seresnext8_digits.params",
        ),
        (SE_RESNEXT,),
        regimes=("gluon",),
        num_classes=10,
        input_size=32,
        crop=1.0,
    ),
)


def find_model(name: str) -> Model:
    """The record of ``name``, which may also be the source framework's own name for it.

    Raises GluonportError that suggests the nearest names.
    """
    for model in MODELS:
        if name in (model.name, model.source.name):
            return model
    names = [model.name for model in MODELS]
    near = get_close_matches(name, [*names, *(model.source.name for model in MODELS)], 3, 0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise GluonportError(f"no model is called {name!r}: {hint}'gluonport models' lists them all")
