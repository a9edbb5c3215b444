"""The trained sample that ships with the package."""

from __future__ import annotations

from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.figure import SAMPLE_TABLE
from architectures.catalogue.record import Model, Source
from mappings.resnext import SE_RESNEXT

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_seresnext8_digits",
        "Sample",
        ResNetConfig((1, 1), cardinality=8, base_width=4, se=True),
        Source(
            "gluoncv",
            "seresnext8_digits",
            sha1="b5c1dcaa85b5b978c49b34451ee55615fb79e228",
            packaged="gluon_seresnext8_digits.params",
        ).measured("gluon", "97.78 / 100.00", SAMPLE_TABLE, images=360),
        (SE_RESNEXT,),
        regimes=("gluon",),
        num_classes=10,
        input_size=32,
        crop=1.0,
    ),
)
