"""The catalogue: unique names, full records, helpful look-up."""

import hashlib
import json
from pathlib import Path

import pytest

from architectures import MODELS, find_model
from mappings.errors import GluonportError


def test_names_are_unique_on_both_sides() -> None:
    names = [name for model in MODELS for name in {model.name, model.source.name}]
    assert len(names) == len(set(names))


def test_a_model_is_found_by_its_source_name_too() -> None:
    assert find_model("se_resnext50_32x4d") is find_model("gluon_seresnext50_32x4d")


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(GluonportError, match="did you mean gluon_resnext50_32x4d"):
        find_model("gluon_resnext50_32x4")


def test_hashes_and_urls_have_the_zoos_form() -> None:
    for model in MODELS:
        assert len(bytes.fromhex(model.source.sha1)) == 20
        if model.source.url:
            stem = f"{model.source.name}-{model.source.sha1[:8]}.zip"
            assert model.source.url.endswith(f"/gluon/models/{stem}")


def test_the_packaged_sample_is_the_one_of_the_record() -> None:
    for model in MODELS:
        if model.source.packaged:
            data = Path("architectures", "samples", model.source.packaged).read_bytes()
            assert hashlib.sha1(data).hexdigest() == model.source.sha1


def test_every_imagenet_model_has_figures_for_both_regimes_with_their_source() -> None:
    for model in MODELS:
        if model.num_classes == 1000:
            assert {figure.regime for figure in model.figures} == {"gluon", "timm"}
            assert all(figure.source for figure in model.figures)
            assert model.card is not None
            assert json.dumps(model.card.flops)
