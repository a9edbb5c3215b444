"""Every port against its golden, and against MXNet itself: the first image of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from architectures import MODELS, Model
from tests.conftest import smallest
from verify.parity.compare import compare, load, synthetic_state
from verify.parity.result import Parity
from verify.reference.answers import Reference, golden, live
from verify.reference.inputs import reference_inputs

LARGE = 20_000_000
"""Parameters above which a model is judged in the exhaustive run alone."""
SMALLEST = [model for model in smallest().values() if model.parameters < LARGE]
OTHERS = [model for model in MODELS if model not in SMALLEST]


def first_image(source: Reference) -> Reference:
    return replace(
        source,
        logits64=source.logits64[:1],
        logits32=source.logits32[:1],
        digests=source.digests[:, :1],
        scales=source.scales[:, :1],
    )


def judge(model: Model, source: Reference, images: int = 1) -> Parity:
    network = load(model, synthetic_state(model), model.num_classes)
    return compare(model, network, source, reference_inputs(model)[:images])


def assert_agrees(model: Model) -> None:
    parity = judge(model, first_image(golden(model)))
    if any(c.name == "arithmetic" and not c.passed for c in parity.criteria):
        # One image's rounding errors are few; the verdict of the command is on all eight.
        whole = judge(model, golden(model), 8)
        assert whole.passed, whole.failure()
        return
    # The golden's hash is of all eight images.
    assert [c.name for c in parity.criteria if not c.passed] == ["inputs"], parity.failure()
    # The limit is 1e-11 of the largest logit: a right port stays ten times below it.
    structure = next(c for c in parity.criteria if c.name == "structure")
    assert structure.figure is not None and isinstance(structure.limit, float)
    assert structure.figure < structure.limit / 10


def test_every_model_has_a_golden_of_every_layer_that_its_table_knows() -> None:
    for model in MODELS:
        source = golden(model)
        assert {layer.source for layer in model.table.layers} <= set(source.layers), model.name
        assert len(source.logits64) == len(reference_inputs(model)) == 8


@pytest.mark.parametrize("model", SMALLEST, ids=lambda model: model.name)
def test_the_smallest_of_each_family_agrees_with_its_golden(model: Model) -> None:
    assert_agrees(model)


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", OTHERS, ids=lambda model: model.name)
def test_every_other_model_agrees_with_its_golden(model: Model) -> None:
    assert_agrees(model)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "model",
    [model for model in smallest().values() if model.source.framework == "gluoncv"],
    ids=lambda model: model.name,
)
def test_the_smallest_of_each_family_agrees_with_mxnet_itself(model: Model) -> None:
    images = 8 if model.input_size < 64 else 1  # of small ones, one is too few for an error's ratio
    source = live(model, "synthetic", reference_inputs(model)[:images])
    parity = judge(model, source, images)
    assert parity.passed, parity.failure()
