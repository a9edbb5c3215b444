"""The parity report says what was judged, in one page that needs nothing but itself."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from architectures import find_model
from convert import convert
from mappings.errors import WriteError
from tests.support.report_page import Page, points
from verify.parity.compare import (
    compare,
    load,
    synthetic_state,
    verify_architecture,
    verify_checkpoint,
)
from verify.parity.converted_checkpoint import open_converted
from verify.parity.result import Criterion, Finding, LayerError, NetworkCriterion, Parity
from verify.reference.answers import golden
from verify.reference.inputs import reference_inputs, reference_names, reference_pixels
from verify.report.page import QUESTIONS, thumbnail, write_report
from verify.report.report_folder import check_report_folder

MODEL = find_model("gluon_seresnext8_digits")


@pytest.fixture(scope="module")
def passing() -> Parity:
    return verify_architecture(MODEL)


@pytest.fixture(scope="module")
def failing() -> Parity:
    """Two norms of the same shape, exchanged."""
    state = synthetic_state(MODEL)
    for leaf in ("weight", "bias", "running_mean", "running_var"):
        one, other = f"layer2.0.bn1.{leaf}", f"layer2.0.bn2.{leaf}"
        state[one], state[other] = state[other], state[one]
    network = load(MODEL, state, MODEL.num_classes)
    return compare(MODEL, network, golden(MODEL), reference_inputs(MODEL))


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Parity:
    """A converted checkpoint, one weight of it off by the last bit."""
    path = tmp_path_factory.mktemp("flipped") / "sample.safetensors"
    convert(MODEL.name, path, source="synthetic")
    tensors = load_file(path)
    weight = tensors["layer1.0.conv2.weight"]
    weight.flat[0] = np.nextafter(weight.flat[0], np.float32(9))
    save_file(tensors, path, metadata={"format": "pt"})
    return verify_checkpoint(open_converted(MODEL, path, "synthetic"))


def test_a_pass_says_what_was_judged_and_by_how_much(
    passing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([passing], tmp_path / "new" / "folder"))
    assert page.text.count("PASS") >= 1 and "FAIL" not in page.text
    assert MODEL.name in page.text and "MXNet 1.9.1's packaged answers" in page.text
    assert "8 images" in page.text
    assert len(passing.criteria) >= 6
    for criterion in passing.criteria:
        row = page.row(f"✓{criterion.name}")
        assert criterion.detail in row
        for figure in (criterion.figure, criterion.needed):
            assert figure is None or f"{figure:.3g}" in row
    limit = passing.criterion("structure").limit  # type: ignore[union-attr]
    assert f"{limit:.3g}" in page.row("✓structure") and "0.1 to 2" in page.row("✓arithmetic")


def test_the_chart_has_a_point_for_every_layer_on_each_line(
    passing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([passing], tmp_path))
    assert len(passing.layers) == 26
    for shape in ("wide", "narrow"):
        for line in ("port64", "port32", "source32"):
            assert points(page, f"m0-{shape}-{line}") == len(passing.layers)
    for layer in passing.layers:
        assert f"{layer.port64:.3g}" in page.row(f"{layer.module} {layer.source}")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    text = [t for t in ("stem", "layer1", "layer2", "fc", "limit 1e-12") if t in page.text]
    assert len(text) == 5


def test_a_failure_names_the_first_bad_block_and_shades_it(
    failing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    assert failing.finding and failing.first_bad_block == "layer2.0"
    page = read_page(write_report([failing], tmp_path))
    assert "FAIL" in page.text and "PASS" not in page.text
    assert "The first bad block is layer2.0, and it is wrong here" in page.text
    assert ", ".join(failing.finding.layers) in page.text
    structure = failing.criterion("structure")
    assert structure and f"structure: {structure.detail}" in page.text
    assert page.row("✗structure")
    charts = [a for a in page.all("div") if a.get("role") == "img"]
    assert len(charts) == 2 and all("first bad block layer2.0" in a["aria-label"] for a in charts)
    shaded = [a for a in page.all("path") if "opacity: 0.16" in a.get("style", "")]
    assert len(shaded) == 2  # in both shapes of the chart


def test_a_block_given_wrong_input_is_not_called_wrong(failing: Parity, tmp_path: Path) -> None:
    given = replace(failing, finding=Finding("layer2.0", False, ("layer2.0.conv1",)))
    page = Page(write_report([given], tmp_path).read_text("utf-8"))
    assert "layer2.0, and it is given wrong input: the fault lies before it" in page.text
    assert "wrong here" not in page.text


def test_a_checkpoint_is_named_with_its_hash_and_its_wrong_tensor(
    flipped: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([flipped], tmp_path))
    assert flipped.checkpoint and flipped.checkpoint in page.text
    digest = subprocess.run(["sha256sum", flipped.checkpoint], capture_output=True, text=True)
    assert digest.stdout.split()[0] in page.row("sha256 of the checkpoint")
    row = page.row("✗values")
    assert "layer1.0.conv2.weight, differs from its source" in row
    assert "The first bad block is layer1.0" in page.text
    assert "layer1.0.conv2" in page.text


def test_both_sides_answer_every_image_beside_its_crop(
    passing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([passing], tmp_path))
    assert [a.name for a in passing.answers] == list(reference_names(MODEL))
    pictures = page.all("img")
    assert len(pictures) == 8 and len({a["src"] for a in pictures}) == 8
    logits = golden(MODEL).logits64
    for answer, picture, exact in zip(passing.answers, pictures, logits, strict=True):
        assert answer.name in picture["alt"] and answer.name in page.text
        assert picture["src"].startswith("data:image/png;base64,")
        best = np.argsort(-exact)[:5]
        assert [score.index for score in answer.source] == list(best)
        odds = np.exp(exact)[best] / np.exp(exact).sum()
        assert [score.softmax for score in answer.source] == pytest.approx(list(odds))
        for theirs, ours in zip(answer.source, answer.port, strict=True):
            assert ours.logit == pytest.approx(theirs.logit, rel=1e-4)
            sides = " ".join(
                f"{s.index} {s.logit:.3f} {100 * s.softmax:.1f} %" for s in (theirs, ours)
            )
            assert sides in page.rows


def test_photographs_are_shown_small_as_the_networks_see_them() -> None:
    model = find_model("gluon_resnext50_32x4d")
    for name, crop in zip(reference_names(model), reference_pixels(model), strict=True):
        kind, _, held = (thumbnail(name) or "").partition(";base64,")
        assert kind == "data:image/jpeg"
        shown = Image.open(io.BytesIO(base64.b64decode(held)))
        assert shown.size == (160, 160)
        expected = Image.fromarray(crop).resize((160, 160))
        assert np.abs(np.asarray(shown, float) - np.asarray(expected, float)).mean() < 6
    assert thumbnail("another.jpg") is None


def test_versions_and_hashes_of_both_sides_are_there(passing: Parity, tmp_path: Path) -> None:
    page = Page(write_report([passing], tmp_path).read_text("utf-8"))
    assert "mxnet 1.9.1" in page.row("Source") and "gluoncv 0.10.5" in page.row("Source")
    for package in ("gluonport", "torch", "numpy", "python", "platform"):
        assert f"{package} {passing.environment[package]}" in page.row("Port")
    for held in ("inputs", "weights"):
        assert passing.about[f"{held}_sha256"] in page.row(f"sha256 of the {held}")
    assert "8 of 8 images" in page.row("Same five highest classes")
    assert passing.observed and f"{passing.observed.kl_divergence:.3g}" in page.row("KL")


def test_several_models_begin_with_a_table_that_leads_to_each(
    passing: Parity, failing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([passing, failing], tmp_path))
    assert page.text.index("FAIL") < page.text.index("PASS")
    assert "1 of 2 models computes what the source framework computes" in page.text
    verdicts = [row.split()[:3] for row in page.rows if row.startswith(MODEL.name)]
    assert verdicts == [[MODEL.name, "PASS", "\N{EN DASH}"], [MODEL.name, "FAIL", "layer2.0"]]
    targets = {a["href"] for a in page.all("a")} - {"parity.json"}
    assert targets == {f"#{a['id']}" for a in page.all("section")}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_network_and_no_script(
    failing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    page = read_page(write_report([failing], tmp_path))
    kinds = {tag for tag, _ in page.elements}
    assert not kinds & {"script", "iframe", "object", "embed", "base", "link", "foreignobject"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:image/")) or target == "parity.json"
        assert "url(" not in attributes.get("style", "").replace("url(#", "")
    assert "url(" not in page.styles and "@import" not in page.styles and "{" in page.styles
    assert page.all("html")[0]["lang"] == "en" and page.all("title")


def test_the_json_is_the_results(passing: Parity, failing: Parity, tmp_path: Path) -> None:
    write_report([passing, failing], tmp_path)
    document = json.loads((tmp_path / "parity.json").read_text("utf-8"))
    results = [json.loads(json.dumps(result.as_json())) for result in (passing, failing)]
    assert document == {"passed": False, "models": results}
    assert document["models"][0]["answers"][0]["source"][0].keys() == {"index", "logit", "softmax"}


def test_a_second_report_replaces_the_first_wholly(
    passing: Parity, failing: Parity, tmp_path: Path
) -> None:
    write_report([passing, failing], tmp_path / "twice")
    twice, once = (write_report([passing], tmp_path / name) for name in ("twice", "once"))
    assert sorted(path.name for path in twice.parent.iterdir()) == ["index.html", "parity.json"]
    for name in ("index.html", "parity.json"):
        assert (twice.parent / name).read_bytes() == (once.parent / name).read_bytes()


def test_a_report_that_cannot_be_made_leaves_the_old_one(passing: Parity, tmp_path: Path) -> None:
    page = write_report([passing], tmp_path)
    before = page.read_bytes(), (tmp_path / "parity.json").read_bytes()
    with pytest.raises(TypeError):
        write_report([replace(passing, about={"model": object()})], tmp_path)
    assert before == (page.read_bytes(), (tmp_path / "parity.json").read_bytes())
    assert len(list(tmp_path.iterdir())) == 2


def test_hostile_names_are_only_text(
    failing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}$x_$"
    hostile = replace(
        failing,
        model=evil,
        reference=evil,
        checkpoint=evil,
        criteria=(Criterion(evil, False, evil, 1.0, 1.0, 1.0),),
        finding=Finding(evil, True, (evil,)),
        layers=tuple(replace(e, block=evil, module=evil, source=evil) for e in failing.layers),
        answers=tuple(replace(answer, name=evil) for answer in failing.answers),
        about={"mxnet": evil, evil: evil, "x_sha256": evil},
        environment={evil: evil},
    )
    page = read_page(write_report([hostile], tmp_path))
    assert not page.all("script") and not page.all("img")
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert page.text.count(evil) > 30
    assert page.all("title") and "49" not in page.text.replace(evil, "").split()


def test_what_is_zero_missing_or_no_number_is_drawn_and_said(
    passing: Parity, tmp_path: Path, read_page: Callable[[Path], Page]
) -> None:
    nan = float("nan")
    changed: list[float | None] = [0.0, None, nan, float("inf")]
    layers = tuple(
        replace(error, port64=value) for error, value in zip(passing.layers, changed, strict=False)
    )
    layers += passing.layers[len(changed) :]
    page = read_page(write_report([replace(passing, layers=layers)], tmp_path))
    assert points(page, "m0-wide-port64") == len(layers) - 2  # the crosses stand for these
    assert len(page.inside("m0-wide-missing", "use")) == 2
    assert "missing" in page.row(layers[1].module) and "not finite" in page.row(layers[2].module)
    written = (tmp_path / "parity.json").read_text("utf-8")

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    held = json.loads(written, parse_constant=refuse)["models"][0]["layers"]
    assert [layer["port64"] for layer in held[:4]] == [0.0, None, None, None]


def test_a_result_without_layers_or_answers_still_makes_a_page(tmp_path: Path) -> None:
    bare = Parity("bare", "live", 0, (), None)
    page = Page(write_report([bare], tmp_path).read_text("utf-8"))
    assert "FAIL" in page.text and "nothing was judged" in page.text
    assert not page.all("img") and "Drift over depth" not in page.text


@pytest.mark.parametrize("count", [1, 300])
def test_a_chart_draws_every_layer_of_any_depth(tmp_path: Path, count: int) -> None:
    layers = count * (LayerError("features.0", "conv1", "stem", 1e-15, 1e-7, 1e-7),)
    one = Parity("one", "golden", 1, (Criterion("layers", True, "fine"),), None, layers)
    page = Page(write_report([one], tmp_path).read_text("utf-8"))
    assert "PASS" in page.text and points(page, "m0-wide-port64") == count


def test_the_page_asks_a_question_for_each_criterion() -> None:
    assert tuple(QUESTIONS) == (*get_args(NetworkCriterion), "operators")


@pytest.mark.parametrize(("kind", "other"), [("parity", "accuracy"), ("accuracy", "parity")])
def test_a_report_does_not_take_the_place_of_another_kind(
    kind: str, other: str, tmp_path: Path
) -> None:
    check_report_folder(tmp_path / "new", kind)
    for name in ("index.html", f"{other}.json"):
        (tmp_path / name).touch()
    with pytest.raises(WriteError, match=f"holds an index.html that is no {kind} report"):
        check_report_folder(tmp_path, kind)
    (tmp_path / f"{kind}.json").touch()
    check_report_folder(tmp_path, kind)
