"""The catalogue: unique names, full records, helpful look-up."""

import hashlib
from pathlib import Path

import pytest

from architectures import MODELS, find_model
from mappings.errors import GluonportError


def test_names_are_unique_on_both_sides() -> None:
    names = [name for model in MODELS for name in {model.name, model.source.name}]
    assert len(names) == len(set(names))


def test_a_model_is_found_by_its_source_name_too() -> None:
    assert find_model("se_resnext50_32x4d") is find_model("gluon_seresnext50_32x4d")
    assert find_model("senet_154") is find_model("gluon_senet154")
    assert find_model("resnet50_v1d_1.8x") is find_model("gluon_resnet50_v1d_0.86")


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(GluonportError, match="did you mean gluon_resnext50_32x4d"):
        find_model("gluon_resnext50_32x4")


def test_gluon_files_carry_a_sha1_and_others_their_sha256_in_the_url() -> None:
    for model in MODELS:
        source = model.source
        if source.framework == "mxnet":
            assert source.url is None and source.figures == () and not source.hash
        elif source.framework == "gluoncv" and source.sha1 is None:
            assert source.url is None and source.packaged is None and source.figures == ()
        elif source.framework == "gluoncv":
            assert len(bytes.fromhex(source.sha1 or "")) == 20
            stem = f"{source.stored or source.name}-{(source.sha1 or '')[:8]}.zip"
            assert source.packaged or (source.url or "").endswith(f"/models/{stem}")
        else:
            name = Path(model.source.url or "").stem
            assert len(bytes.fromhex(name.rpartition("-")[2])) == 4


def test_the_packaged_sample_is_the_one_of_the_record() -> None:
    for model in MODELS:
        if model.source.packaged:
            data = Path("architectures", "samples", model.source.packaged).read_bytes()
            assert hashlib.sha1(data).hexdigest() == model.source.sha1


def test_every_figure_has_a_source_and_is_of_one_of_the_models_regimes() -> None:
    for model in MODELS:
        regimes = [figure.regime for figure in model.source.figures]
        assert len(set(regimes)) == len(regimes) and set(regimes) <= set(model.regimes)
        assert all(figure.source for figure in model.source.figures)


def test_the_models_whose_cards_were_published_have_a_card_and_a_figure_for_every_regime() -> None:
    carded = [model for model in MODELS if model.card is not None]
    assert len(carded) == 11
    for model in carded:
        assert {figure.regime for figure in model.source.figures} == set(model.regimes)


def test_records_hold_the_published_parameter_counts() -> None:
    published = {
        "gluon_resnext50_32x4d": 25_028_904,
        "gluon_resnext101_32x4d": 44_177_704,
        "gluon_resnext101_64x4d": 83_455_272,
        "gluon_seresnext50_32x4d": 27_559_896,
        "gluon_seresnext101_32x4d": 48_955_416,
        "gluon_seresnext101_64x4d": 88_232_984,
        "seresnext26d_32x4d": 16_809_512,
        "seresnext26t_32x4d": 16_806_976,
        "seresnext50_32x4d": 27_559_896,
        "seresnet50_8xb32_in1k": 28_088_024,
        "seresnet101_8xb32_in1k": 49_326_872,
        "gluon_seresnext8_digits": 272_506,
    }
    assert {name: find_model(name).parameters for name in published} == published
