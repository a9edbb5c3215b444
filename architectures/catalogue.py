"""Every model that gluonport converts: one frozen record each, and the look-up by name."""

from __future__ import annotations

from difflib import get_close_matches

from architectures.config import ResNetConfig
from architectures.record import Card, Figure, Model, Source
from mappings.errors import GluonportError
from mappings.resnext import FIRST_FEATURE, RESNEXT, SE_RESNEXT

GLUONCV = "GluonCV model zoo, classification table"
TIMM = "timm, results-imagenet.csv"

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_resnext50_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4),
        RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "resnext50_32x4d", "4ecf62e29336e0cbc5a2f844652635a330928b5a"),
        (
            Figure("gluon", 79.32, 94.53, GLUONCV),
            Figure("timm", 79.354, 94.424, TIMM),
        ),
        Card(5472648192, 25030000, 100441719),
    ),
    Model(
        "gluon_resnext101_32x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4),
        RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "resnext101_32x4d", "8654ca5d0ba30a7868c5b42a7d4cc0ff2ba04dbc"),
        (
            Figure("gluon", 80.37, 95.06, GLUONCV),
            Figure("timm", 80.336, 94.908, TIMM),
        ),
        Card(10298145792, 44180000, 177367414),
    ),
    Model(
        "gluon_resnext101_64x4d",
        "ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4),
        RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "resnext101_64x4d", "2f0d1c9d343d140775bfa7548dd3a881a35855de"),
        (
            Figure("gluon", 80.69, 95.17, GLUONCV),
            Figure("timm", 80.64, 95.0, TIMM),
        ),
        Card(19954172928, 83460000, 334737852),
    ),
    Model(
        "gluon_seresnext50_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 6, 3), cardinality=32, base_width=4, se=True),
        SE_RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "se_resnext50_32x4d", "7906e0e16013ef8d195cbc05463cc37783ec7a8a"),
        (
            Figure("gluon", 79.95, 94.93, GLUONCV),
            Figure("timm", 79.916, 94.816, TIMM),
        ),
        Card(5475179184, None, 110578827),
    ),
    Model(
        "gluon_seresnext101_32x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=32, base_width=4, se=True),
        SE_RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "se_resnext101_32x4d", "688e238985d45a38803c62cf345af2813d0e8aa0"),
        (
            Figure("gluon", 80.91, 95.39, GLUONCV),
            Figure("timm", 80.886, 95.268, TIMM),
        ),
        Card(10302923504, None, 196505510),
    ),
    Model(
        "gluon_seresnext101_64x4d",
        "SE-ResNeXt",
        ResNetConfig((3, 4, 23, 3), cardinality=64, base_width=4, se=True),
        SE_RESNEXT,
        FIRST_FEATURE,
        Source("gluoncv", "se_resnext101_64x4d", "11c50114a0483e27e74dc4236904254ef05b634b"),
        (
            Figure("gluon", 81.01, 95.32, GLUONCV),
            Figure("timm", 80.884, 95.308, TIMM),
        ),
        Card(19958950640, None, 353875948),
    ),
    Model(
        "gluon_seresnext8_digits",
        "SE-ResNeXt",
        ResNetConfig((1, 1), cardinality=8, base_width=4, se=True),
        SE_RESNEXT,
        FIRST_FEATURE,
        Source(
            "gluoncv",
            "seresnext8_digits",
            "313fd3023ee9205f2a83230ee571c6fb8660a874",
            packaged="gluon_seresnext8_digits.params",
        ),
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
