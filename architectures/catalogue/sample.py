"""The trained sample that ships with the package."""

from __future__ import annotations

from architectures.catalogue import origin, papers
from architectures.catalogue.config import ResNetConfig
from architectures.catalogue.dataset import DIGITS
from architectures.catalogue.family import Family
from architectures.catalogue.figure import SAMPLE_TABLE
from architectures.catalogue.record import Model
from architectures.catalogue.source import Source
from mappings.resnext import FIRST_FEATURE, SE_RESNEXT

SAMPLES = Family(
    "Sample",
    "A small SE-ResNeXt of two blocks that reads handwritten digits: a demonstration that serves "
    "for nothing else",
    (papers.RESNEXT, papers.SENET),
)

MODELS: tuple[Model, ...] = (
    Model(
        "gluon_seresnext8_digits",
        SAMPLES,
        ResNetConfig((1, 1), cardinality=8, base_width=4, se=True),
        Source(
            "gluoncv",
            "seresnext8_digits",
            origin.GLUONPORT,
            sha1="b5c1dcaa85b5b978c49b34451ee55615fb79e228",
            packaged="gluon_seresnext8_digits.params",
        ).measured("gluon", "97.78 / 100.00", SAMPLE_TABLE, images=360),
        DIGITS,
        ("gluon",),
        (SE_RESNEXT,),
        FIRST_FEATURE,
        "resnext0_",
        input_size=32,
        crop=1.0,
    ),
)
