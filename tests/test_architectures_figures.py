"""Every published figure of the catalogue is of exactly the weights that the catalogue names."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from architectures import MODELS, Model, find_model
from architectures.catalogue.figure import GLUONCV_TABLE, TIMM_TABLE, Figure, Unbound, Undecided
from architectures.catalogue.origin import GLUONCV
from architectures.catalogue.source import Source, gluoncv

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "support" / "published_figures.json").read_text(encoding="utf-8")
)
SHARED = Path(__file__).parents[2] / "shared" / "facts"
GLUON = [m for m in MODELS if m.source.framework == "gluoncv" and not m.source.packaged]


def stored_name(model: Model) -> str:
    return model.source.stored or model.source.name


def printed(row: dict[str, str]) -> str:
    return f"{row['top1']} / {row['top5']}"


def test_every_stored_checkpoint_has_the_hash_that_gluoncv_gives_it() -> None:
    hashes = {stored_name(model): model.source.sha1 for model in GLUON if model.source.sha1}
    assert hashes == FACTS["stored"]


@pytest.mark.parametrize("model", GLUON, ids=lambda model: model.name)
def test_the_gluon_figure_is_the_row_of_exactly_the_stored_weights(model: Model) -> None:
    rows = [row for row in FACTS["rows"] if row["of"] and row["of"] == model.source.sha1]
    figure = model.figure("gluon")
    if figure is None:
        assert rows == []
        return
    [row] = rows
    assert (str(figure), figure.weights) == (printed(row), model.source.sha1)
    assert (figure.source, figure.images) == (GLUONCV_TABLE, 50_000)
    # A row prints the eight digits of its weights; the one that does not says so.
    assert figure.weights.startswith(row["hash"]) or "note" in row


def test_rows_of_other_weights_are_no_models_figure() -> None:
    others = [row for row in FACTS["rows"] if row["of"] is None]
    assert {row["row"] for row in others} == {
        "ResNet50_v1_int8",
        *(f"ResNet{depth}_v1d (by hash)" for depth in (50, 101, 152)),
        *("InceptionV3 (by hash)", "MobileNet1.0 (by hash)", "darknet53 (by hash)"),
        "MobileNetV3_Small",
    }
    figures = {str(figure) for model in MODELS for figure in model.source.figures}
    assert not figures & {printed(row) for row in others}


def test_every_row_of_stored_weights_is_in_the_catalogue() -> None:
    figures = {f.weights: str(f) for m in GLUON for f in m.source.figures if f.regime == "gluon"}
    assert figures == {row["of"]: printed(row) for row in FACTS["rows"] if row["of"]}


def test_the_corrected_models_have_their_own_figures() -> None:
    figures = {
        name: str(find_model(f"gluon_{name}").figure("gluon"))
        for name in ("resnet50_v1", "resnet50_v1b", "resnet50_v1b_gn", "resnet18_v1b_0.89")
    }
    assert figures == {
        "resnet50_v1": "77.36 / 93.57",
        "resnet50_v1b": "77.67 / 93.82",
        "resnet50_v1b_gn": "77.36 / 93.59",
        "resnet18_v1b_0.89": "67.2 / 87.45",
    }


def test_the_timm_figures_are_timms() -> None:
    figures = {m.name: f for m in MODELS if (f := m.figure("timm"))}
    assert {name: str(figure) for name, figure in figures.items()} == {
        name: printed(row) for name, row in FACTS["timm"].items()
    }
    for name, figure in figures.items():
        assert FACTS["timm"][name]["input"] == find_model(name).input_size == 224
        assert (figure.source, figure.images) == (TIMM_TABLE, 50_000)


def test_the_mmpretrain_figures_are_mmpretrains() -> None:
    figures = {m.name: str(f) for m in MODELS if (f := m.figure("mmpretrain"))}
    assert figures == {name: " / ".join(tops) for name, tops in FACTS["mmpretrain"].items()}


def test_the_samples_figure_is_what_mxnet_counted() -> None:
    with Path("architectures", "samples", "gluon_seresnext8_digits.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    tops = [
        100 * sum(row["label"] in [row[f"class{k}"] for k in range(1, top + 1)] for row in rows)
        for top in (1, 5)
    ]
    figure = find_model("gluon_seresnext8_digits").figure("gluon")
    assert figure is not None and figure.images == len(rows)
    assert str(figure) == " / ".join(f"{top / len(rows):.2f}" for top in tops)


def test_the_cifar_networks_have_both_figures_and_are_judged_by_neither() -> None:
    undecided = {m.source.name: m.undecided for m in MODELS if isinstance(m.undecided, Undecided)}
    assert undecided.keys() == FACTS["cifar"].keys()
    for name, both in undecided.items():
        assert f"{both.vanilla} / {both.mixup}" == FACTS["cifar"][name]
        assert find_model(name).source.figures == ()
        assert all(word in both.note for word in (f"{both.vanilla} %", f"{both.mixup} %"))


UNMEASURED = {"HRNet", "DLA"}
"""Families whose weights GluonCV stores and whose accuracy it never printed."""
OTHERS_MEASURED = "gluon_mobilenetv3_small"
"""The model whose row is of other weights than the stored ones."""


def test_a_model_without_figures_was_never_published() -> None:
    for model in MODELS:
        if not isinstance(model.undecided, Unbound):
            measured = bool(model.source.figures or model.undecided)
            without = model.family.name in UNMEASURED or model.name == OTHERS_MEASURED
            assert measured is (bool(model.source.hash) and not without)


def test_a_figure_of_a_file_without_a_hash_is_in_words_alone() -> None:
    """The table of MXNet's example/image-classification/README.md."""
    printed = {
        "imagenet1k-resnet-18": "68.58 / 88.66",
        "imagenet1k-resnet-34": "72.44 / 90.97",
        "imagenet1k-resnet-50": "75.27 / 92.58",
        "imagenet1k-resnet-101": "76.84 / 93.27",
        "imagenet1k-resnet-152": "76.53 / 93.12",
        "imagenet11k-resnet-152": "41.57",
        "imagenet11k-place365ch-resnet-50": "31.12",
        "imagenet11k-place365ch-resnet-152": "33.55",
    }
    unbound = {m.source.name: m for m in MODELS if isinstance(m.undecided, Unbound)}
    assert {name: str(model.undecided) for name, model in unbound.items()} == printed
    for model in unbound.values():
        assert model.undecided is not None and "hash" in model.undecided.note
        assert model.source.figures == () and not model.source.hash and model.source.unproven


def test_a_figure_cannot_be_given_to_other_weights() -> None:
    source = find_model("gluon_resnet50_v1").source
    assert [figure.weights for figure in source.figures] == [source.sha1]
    with pytest.raises(ValueError, match=r"the figure 77\.36 / 93\.57 is of other weights"):
        replace(source, sha1="0" * 40)
    with pytest.raises(ValueError, match="of other weights"):
        replace(gluoncv("resnet50_v1b", "1" * 40), figures=source.figures)
    figure = Figure.printed("", "gluon", "77.36 / 93.57", GLUONCV_TABLE)
    with pytest.raises(ValueError, match="of other weights"):
        Source("gluoncv", "never_published", GLUONCV, figures=(figure,))


def test_the_figures_here_are_those_of_the_shared_facts() -> None:
    """The file of facts is not part of the project; where it lies beside it, both agree."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: the figures are compared with the project's own copy")
    store = json.loads((SHARED / "gluon_store.json").read_text())
    hashes = store["stores"]["gluoncv 0.10.5"]
    assert {name: hashes[name] for name in FACTS["stored"]} == FACTS["stored"]
    theirs = {
        row["row"]: row
        for table, rows in store["published"].items()
        if table.startswith("Classifications/")
        for row in rows
    }
    for row in FACTS["rows"]:
        there = theirs[row["row"]]
        assert (row["top1"], row["top5"]) == (there["Top-1"], there["Top-5"])
        assert row["hash"] == there["Hashtag"]
        if "note" not in row:
            of = hashes[there["name"]] if there.get("is_stored_weights") else None
            assert row["of"] == of
    for row in store["published"]["Classifications/CIFAR10"]:
        assert FACTS["cifar"][row["name"]] == row["Acc (Vanilla/Mix-Up )"]
    models = json.loads((SHARED / "models.json").read_text())
    zoo = {stored_name(model): model for model in GLUON}
    for name, fact in models["gluon_zoo"].items():
        figure = zoo[name].figure("gluon")
        assert (figure and [figure.top1, figure.top5]) == fact["gluoncv_top1_top5"]
        if timm := fact["timm"]:
            figure = zoo[name].figure("timm")
            assert figure and [figure.top1, figure.top5] == [timm["top1"], timm["top5"]]
