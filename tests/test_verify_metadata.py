"""The published figures of every card come out again, and only by their conventions."""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import pytest
import timm
import torch
from click.testing import CliRunner

from architectures import MODELS, Model, find_model
from gluonport.commands import metadata as metadata_command
from gluonport.commands.tables import print_table
from gluonport.commands.verify import main
from verify.metadata import file_size
from verify.metadata.cards import flops, verify_card
from verify.metadata.flops import MMCV, THOP, Counter

CARDS = [model for model in MODELS if model.card is not None]
TIMM = {
    "gluon_resnext50_32x4d": "resnext50_32x4d",
    "gluon_seresnext50_32x4d": "seresnext50_32x4d",
    "seresnext26d_32x4d": "seresnext26d_32x4d",
    "seresnext26t_32x4d": "seresnext26t_32x4d",
}
# mmpretrain's cards print two decimals; the whole counts are mmcv's own.
MMPRETRAIN = {"seresnet50_8xb32_in1k": 4129975392, "seresnet101_8xb32_in1k": 7863210208}
NAME, AVERAGED = "gluon_seresnext50_32x4d", "seresnext26t_32x4d"

by_name = pytest.mark.parametrize("model", CARDS, ids=lambda model: model.name)


def run(*names: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(main, ["metadata", *names, "--json"])
    return result.exit_code, json.loads(result.stdout)


@by_name
def test_every_published_figure_is_computed_to_the_last_digit(model: Model) -> None:
    check = verify_card(model)
    assert check.equal
    assert [figure.computed for figure in check.figures] == [f.published for f in check.figures]


def test_the_eleven_models_have_cards_and_no_figure_is_left_out() -> None:
    assert len(CARDS) == 11
    for model in CARDS:
        card = model.card
        assert card is not None
        published = {card.flops, card.parameters, card.file_size} - {None}
        assert {figure.published for figure in verify_card(model).figures} == published


@pytest.mark.parametrize("name", MMPRETRAIN)
def test_mmcvs_whole_count_is_behind_the_rounded_one(name: str) -> None:
    assert flops(find_model(name), MMCV) == MMPRETRAIN[name]


@pytest.mark.parametrize(
    ("counter", "operation"),
    [(counter, operation) for counter in (THOP, MMCV) for operation in counter.prices],
    ids=lambda value: value if isinstance(value, str) else value.description.split()[0],
)
def test_every_price_matters(counter: Counter, operation: str) -> None:
    model = find_model("seresnext26d_32x4d" if counter is THOP else "seresnet50_8xb32_in1k")
    prices = {name: price for name, price in counter.prices.items() if name != operation}
    whole, without = flops(model, counter), flops(model, replace(counter, prices=prices))
    assert without < whole


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "change", [{"size": (224, 284)}, {"size": (224, 287)}, {"prices": MMCV.prices}]
)
def test_flops_of_another_convention_are_not_the_cards(change: dict[str, Any]) -> None:
    for model in CARDS:
        if model.source.framework != "mmpretrain":
            assert model.card is not None
            assert flops(model, replace(THOP, **change)) != model.card.flops


def test_biases_and_the_classifier_are_counted_where_the_tool_does() -> None:
    model = find_model(NAME)
    prices = {**THOP.prices, "conv2d": lambda call: call.outputs * call.fan_in}
    gates = [(64 * 2**stage, depth) for stage, depth in enumerate(model.network.depths)]
    biases = sum((4 * planes + planes // 4) * depth for planes, depth in gates)
    assert flops(model, THOP) - flops(model, replace(THOP, prices=prices)) == biases
    headless = replace(MMCV, classifier=False)
    assert flops(model, MMCV) - flops(model, headless) == 2048 * 1000


@pytest.mark.parametrize("name", TIMM)
def test_timms_own_networks_give_the_same_figures(name: str) -> None:
    model = find_model(name)
    with torch.device("meta"):
        whole = timm.create_model(TIMM[name])
        headless = timm.create_model(TIMM[name], num_classes=0)
    assert model.card is not None
    assert sum(p.numel() for p in whole.parameters()) == model.parameters
    assert THOP.count(headless) == model.card.flops


@by_name
def test_a_file_of_another_time_has_another_size(model: Model) -> None:
    if model.card is None or model.card.file_size is None:
        return
    expected = (model.card.averaged, model.card.module_versions)
    sizes = {
        (a, p): file_size.size_of(file_size.state_dict(model, a, p))
        for a in (False, True)
        for p in (False, True)
    }
    right = [key for key, size in sizes.items() if size == model.card.file_size]
    assert right == [expected]


def test_every_module_without_tensors_is_in_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    model = find_model(NAME)
    card = model.card
    assert card is not None
    published, modules = file_size.file_size(model, card), file_size.modules_of_2019(model)
    for name in ("relu", "maxpool", "global_pool.pool", "layer3.5.relu", "layer4.2.se.sigmoid"):
        fewer = [module for module in modules if module != name]
        assert len(fewer) == len(modules) - 1
        monkeypatch.setattr(file_size, "modules_of_2019", lambda model, fewer=fewer: fewer)
        assert file_size.file_size(model, card) < published


def test_the_length_of_addresses_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    state = file_size.state_dict(find_model(AVERAGED), True, False)
    size = file_size.size_of(state)
    monkeypatch.setattr(file_size, "KEY_DIGITS", file_size.KEY_DIGITS + 1)
    assert file_size.size_of(state) == size + 2 * len(state)


def test_the_size_is_that_of_a_file_which_loads() -> None:
    model = find_model("gluon_seresnext8_digits")
    state = file_size.state_dict(model, False, True)
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    keys = [len(str(t.untyped_storage()._cdata)) for t in state.values()]
    longer = 2 * sum(digits - file_size.KEY_DIGITS for digits in keys)
    assert file_size.size_of(state) == len(file.getvalue()) - longer
    file.seek(0)
    loaded: OrderedDict[str, torch.Tensor] = torch.load(file, weights_only=True)
    assert list(loaded) == list(model.shapes)


def test_the_command_passes_and_its_json_says_how() -> None:
    code, found = run("gluon_resnext50_32x4d", "seresnet50_8xb32_in1k")
    assert code == 0 and found["equal"] is True
    gluon, mmpretrain = found["models"]
    assert (gluon["model"], gluon["equal"]) == ("gluon_resnext50_32x4d", True)
    assert [figure["figure"] for figure in gluon["figures"]] == ["parameters", "flops", "file size"]
    keys = {"figure", "published", "computed", "exact", "equal", "convention"}
    assert all(set(figure) == keys for figure in gluon["figures"] + mmpretrain["figures"])
    assert gluon["figures"][0]["exact"] == 25_028_904
    assert "thop 0.0.31" in gluon["figures"][1]["convention"]
    assert mmpretrain["figures"][1]["published"] == 4.13


def test_the_table_shows_every_figure() -> None:
    result = CliRunner().invoke(main, ["metadata", "gluon_resnext50_32x4d"])
    assert result.exit_code == 0 and result.stderr == ""
    titles, *rows = result.stdout.splitlines()
    assert titles.split() == ["model", "figure", "published", "ours", "difference", "convention"]
    assert len(rows) == 3 and "100,441,719" in rows[2] and " 0 " in rows[2]


@pytest.mark.parametrize("off", [{"flops": 1}, {"parameters": 1}, {"file_size": 1}])
def test_a_figure_that_differs_fails_in_one_line(
    off: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_model("gluon_resnext50_32x4d")
    assert model.card is not None
    wrong = {name: getattr(model.card, name) + by for name, by in off.items()}
    card = replace(model, card=replace(model.card, **wrong))
    monkeypatch.setattr(metadata_command, "find_model", lambda name: card)
    result = CliRunner().invoke(main, ["metadata", model.name, "--json"])
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: 1 of 3 figures are not as published; the first is ")
    (figure,) = [f for f in json.loads(result.stdout)["models"][0]["figures"] if not f["equal"]]
    assert figure["published"] - figure["computed"] == 1
    assert str(figure["published"]) in result.stderr and str(figure["computed"]) in result.stderr


def test_a_model_without_a_card_is_refused() -> None:
    result = CliRunner().invoke(main, ["metadata", "gluon_seresnext8_digits"])
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.startswith("error: gluon_seresnext8_digits: no card")


def test_a_table_shows_what_a_file_may_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("[red]x\n\x1b", 1)])
    assert capsys.readouterr().out.splitlines()[1].rstrip() == r"[red]x\n\x1b  1"
