"""Nothing is published without passing evidence of exactly this file; nothing synthetic ever."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import gluonport
from tests.conftest import GluonCheckpoints
from tests.support.releases import (
    NAME,
    converted,
    edit,
    is_one_line,
    judged,
    publish,
    verify,
    write_accuracy,
)

OTHER = "gluon_resnext50_32x4d"


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, converted and judged."""
    checkpoint = converted(tmp_path_factory.mktemp("proven"))
    write_accuracy(checkpoint)
    return checkpoint


@pytest.fixture
def checkpoint(proven: Path, tmp_path: Path) -> Path:
    """A copy of it with its evidence."""
    for path in proven.parent.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / proven.name


def test_an_older_record_with_a_narrower_limit_passes(checkpoint: Path, tmp_path: Path) -> None:
    path = checkpoint.with_suffix(".parity.json")
    record = json.loads(path.read_text())
    criterion = next(c for c in record["criteria"] if c["name"] == "arithmetic")
    criterion["limit"] = record["arithmetic"]["limits"] = [criterion["figure"] * 0.9, 2.0]
    path.write_text(json.dumps(record))
    assert publish(NAME, checkpoint, tmp_path / "out").exit_code == 0


def refused(checkpoint: Path, *options: str) -> str:
    """Publishing is refused with one line, and leaves nothing; the line."""
    before = sorted(checkpoint.parent.iterdir())
    result = publish(NAME, checkpoint, checkpoint.parent / "out", *options)
    assert is_one_line(result), result.output
    assert sorted(checkpoint.parent.iterdir()) == before
    return str(result.stderr)


def test_evidence_of_this_very_file_passes(checkpoint: Path, tmp_path: Path) -> None:
    result = publish(NAME, checkpoint, tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert done["sha256"] == digest and done["results"]["accuracy"]["top1_correct"] == 352


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("provenance", f"convert {NAME} "),
        ("parity", f"verify parity {NAME} --checkpoint "),
        ("accuracy", f"verify accuracy {NAME} "),
    ],
)
def test_missing_evidence_is_refused_with_the_command_that_makes_it(
    kind: str, command: str, checkpoint: Path
) -> None:
    checkpoint.with_suffix(f".{kind}.json").unlink()
    line = refused(checkpoint)
    assert f"the record of its {kind} is missing" in line and f"'{command}{checkpoint}" in line


@pytest.mark.parametrize("kind", ["provenance", "parity", "accuracy"])
@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": 2}',
        b'{"schema": 1}',
        b'{"schema": true}',
        b'{"schema": NaN}',
        b'{"schema": 1, "schema": 1}',
        b"[" * 100_000,
        b'{"schema":' * 100_000,
        b'{"schema": 1, "model": "caf\xe9"}',
        b'{"schema": ' + b"1" * 5000 + b"}",
    ],
    ids=lambda damage: damage[:20],
)
def test_damaged_evidence_is_refused(kind: str, damage: bytes, checkpoint: Path) -> None:
    checkpoint.with_suffix(f".{kind}.json").write_bytes(damage)
    line = refused(checkpoint)
    said = ("this is not a record of", "the record is about the model None")
    assert any(f".{kind}.json: {what}" in line for what in said)
    assert "make it again with '" in line


@pytest.mark.parametrize("kind", ["provenance", "parity", "accuracy"])
def test_evidence_that_is_no_regular_file_is_refused(kind: str, checkpoint: Path) -> None:
    path = checkpoint.with_suffix(f".{kind}.json")
    path.unlink()
    os.mkfifo(path)
    assert "named pipe" in refused(checkpoint)


FOREIGN: list[tuple[str, dict[str, Any]]] = [
    ("provenance", {"target_sha256": "0" * 64}),
    ("parity", {"checkpoint_sha256": "0" * 64}),
    ("accuracy", {"checkpoint_sha256": "0" * 64}),
    ("provenance", {"model": OTHER}),
    ("parity", {"model": OTHER}),
    ("accuracy", {"model": OTHER}),
]


@pytest.mark.parametrize(("kind", "change"), FOREIGN)
def test_evidence_of_another_file_or_model_is_refused(
    kind: str, change: dict[str, Any], checkpoint: Path
) -> None:
    edit(checkpoint.with_suffix(f".{kind}.json"), **change)
    line = refused(checkpoint)
    assert f".{kind}.json: the record is about " in line and "make it again with '" in line


def test_evidence_is_stale_once_the_checkpoint_is_another(
    checkpoint: Path, gluon: Callable[..., GluonCheckpoints]
) -> None:
    tuned = gluon("seresnext8_digits").file()
    gluonport.convert(NAME, checkpoint, tuned, force=True)
    assert ".parity.json: the record is about another file" in refused(checkpoint)
    judged(NAME, checkpoint)
    assert ".accuracy.json: the record is about another file" in refused(checkpoint)


def test_failed_parity_is_refused(checkpoint: Path) -> None:
    arrays = load_file(checkpoint)
    arrays["fc.bias"] = arrays["fc.bias"] + np.float32(1)
    save_file(arrays, checkpoint, metadata={"format": "pt"})
    failed = verify("parity", NAME, "--checkpoint", checkpoint)
    assert failed.exit_code == 1
    record = checkpoint.with_suffix(".provenance.json")
    digests = {k: hashlib.sha256(v.tobytes()).hexdigest() for k, v in arrays.items()}
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    edit(record, target_sha256=digest, tensor_sha256=digests)
    assert "parity failed (values)" in refused(checkpoint)


def test_parity_that_says_it_passed_though_a_criterion_failed_is_refused(checkpoint: Path) -> None:
    path = checkpoint.with_suffix(".parity.json")
    criteria = json.loads(path.read_text())["criteria"]
    criteria[2]["passed"] = False
    edit(path, criteria=criteria)
    assert "parity failed (structure)" in refused(checkpoint)


def test_parity_of_the_network_alone_is_not_enough(checkpoint: Path) -> None:
    path = checkpoint.with_suffix(".parity.json")
    criteria = json.loads(path.read_text())["criteria"]
    edit(path, criteria=[c for c in criteria if c["name"] != "values"])
    assert "did not judge values" in refused(checkpoint)
    edit(path, criteria=[])
    assert "parity failed" in refused(checkpoint)


CRITERIA: list[tuple[str, dict[str, Any]]] = [
    ("values", {"figure": 3}),
    ("values", {"detail": "all 65 tensors are the source's"}),
    ("structure", {"figure": 1.0, "needed": 1.0}),
    ("structure", {"figure": 1.0, "limit": 2.0, "detail": "they differ by 1, the limit is 2"}),
    ("structure", {"figure": None}),
    ("structure", {"limit": None}),
    ("structure", {"limit": [0.0, 1.0]}),
    ("structure", {"figure": -1.0}),
    ("structure", {"detail": "the float64 logits differ by 1e-30, the limit is 2.44e-11"}),
    ("arithmetic", {"figure": 9.0}),
    ("arithmetic", {"figure": 9.0, "limit": [0.5, 20.0]}),
    ("arithmetic", {"limit": [0.09, 2.0]}),
    ("arithmetic", {"limit": [0.1, 0.1]}),
    ("arithmetic", {"limit": None}),
    ("evidence", {"figure": 0}),
    ("evidence", {"figure": 7}),
    ("layers", {"figure": 1.0}),
    ("layers", {"limit": 1.0}),
    ("top-1", {"figure": 4}),
    ("top-1", {"figure": 4, "limit": 8.0}),
    ("top-1", {"name": "top-2"}),
    ("top-1", {"name": "values"}),
]


@pytest.mark.parametrize(("name", "change"), CRITERIA, ids=str)
def test_parity_that_does_not_hold_by_its_figures_is_refused(
    name: str, change: dict[str, Any], checkpoint: Path
) -> None:
    path = checkpoint.with_suffix(".parity.json")
    record = json.loads(path.read_text())
    next(c for c in record["criteria"] if c["name"] == name).update(change)
    path.write_text(json.dumps(record))
    assert f"verify parity {NAME} --checkpoint" in refused(checkpoint)


@pytest.mark.parametrize(
    "change",
    [
        {"images": 0},
        {"images": 0, "answers": []},
        {"reference": "memory"},
        {"structure": None},
        {"structure": {"max_abs": 0.0, "limit": 1.0}},
        {"arithmetic": {"ratio": 1.0, "limits": [0.5, 2.0]}},
        {"layers": []},
        {"observed": None},
        {"about": {}},
        {"about": {"inputs_sha256": "0" * 64}},
        {"first_bad_block": "stem"},
        {"passed": False},
    ],
    ids=str,
)
def test_parity_that_contradicts_itself_is_refused(
    change: dict[str, Any], checkpoint: Path
) -> None:
    edit(checkpoint.with_suffix(".parity.json"), **change)
    assert f"verify parity {NAME} --checkpoint" in refused(checkpoint)


def test_a_layer_that_leaves_its_source_is_seen_though_the_verdict_passed(
    checkpoint: Path,
) -> None:
    path = checkpoint.with_suffix(".parity.json")
    record = json.loads(path.read_text())
    record["layers"][5]["port64"] = 0.1
    path.write_text(json.dumps(record))
    assert "layers does not hold" in refused(checkpoint)


def test_an_accuracy_that_failed_is_refused(checkpoint: Path) -> None:
    write_accuracy(checkpoint, counts=(360, 300, 360))
    line = refused(checkpoint)
    assert "the accuracy failed: top-1 is 83.333 %" in line and "97.78 % is published" in line
    assert f"verify accuracy {NAME} {checkpoint}" in line
    # No reason hides it.
    assert "accuracy failed" in refused(checkpoint, "--without-accuracy", "the data is private")


def test_an_accuracy_that_is_not_complete_is_refused(checkpoint: Path) -> None:
    write_accuracy(checkpoint, counts=(359, 351, 359), undecoded=("3/digit-1460.png",))
    assert "is not complete (1 images do not decode" in refused(checkpoint)


COUNTS: list[dict[str, Any]] = [
    {"top1_correct": 0},  # of a record that says "reproduced"
    {"top1_correct": 0, "top1": 0.0},
    {"top1_correct": 351},
    {"top5_correct": 359},
    {"top1_correct": 360, "top5_correct": 352},
    {"top1_correct": 361, "top5_correct": 361},
    {"top1_correct": -1},
    {"images": 0, "top1_correct": 0, "top5_correct": 0},
    {"images": 359},
    {"data_images": 361},
    {"data_images": 300},
    {"limit": 10},
    {"complete": False},
    {"problems": ["1 class has no images"]},
    {"undecoded": ["3/digit-1460.png"]},
    {"reproduced": None},
    {"reproduced": False},
    {"published": None},
    {"published": {"regime": "gluon", "top1": 0.0, "top5": 0.0, "source": "me", "images": 360}},
    {"regime": "timm"},
    {"difference": {"top1": None, "top5": None}},
    {"top1": 99.9},
    {"top1_interval": [99.0, 100.0]},
    {"why": "it is very good"},
    {"halves": [{"images": 180, "top1_correct": 180, "top5_correct": 180}, {"images": 180}]},
    {"dtype": "bfloat16"},
]


@pytest.mark.parametrize("change", COUNTS, ids=str)
def test_an_accuracy_that_contradicts_its_counts_is_refused(
    change: dict[str, Any], checkpoint: Path
) -> None:
    edit(checkpoint.with_suffix(".accuracy.json"), **change)
    assert ".accuracy.json: the record contradicts itself: " in refused(checkpoint)
    # A reason for no accuracy does not hide that somebody changed the one there is.
    assert "contradicts itself" in refused(checkpoint, "--without-accuracy", "the data is private")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("accuracy", "top1_correct", "352"),
        ("accuracy", "top1_correct", 352.0),
        ("accuracy", "top1_correct", True),
        ("accuracy", "images", None),
        ("accuracy", "regime", "imagenet"),
        ("accuracy", "regime", ["gluon"]),
        ("accuracy", "manifest_sha256", "0"),
        ("accuracy", "problems", "none"),
        ("accuracy", "halves", []),
        ("accuracy", "environment", [1]),
        ("accuracy", "precision", {}),
        ("parity", "images", "8"),
        ("parity", "criteria", {"name": "values"}),
        ("parity", "layers", [3]),
        ("parity", "answers", None),
        ("parity", "about", []),
        ("parity", "environment", {"torch": 2}),
        ("provenance", "source", 7),
        ("provenance", "source", None),
        ("provenance", "notes", [1]),
        ("provenance", "tool", "gluonport"),
        ("provenance", "source_shards", []),
        ("provenance", "synthetic", 0),
        ("provenance", "dtype", "int8"),
        ("provenance", "ema", "yes"),
        ("provenance", "mapping_sha256", "x" * 64),
        ("provenance", "tensor_sha256", {"fc.bias": 3}),
    ],
)
def test_a_field_of_a_wrong_type_is_refused_by_its_name(
    kind: str, field: str, value: Any, checkpoint: Path
) -> None:
    edit(checkpoint.with_suffix(f".{kind}.json"), **{field: value})
    line = refused(checkpoint)
    assert f".{kind}.json: this is not a record of {kind} (the field '{field}" in line
    record = json.loads(checkpoint.with_suffix(f".{kind}.json").read_text())
    del record[field]
    checkpoint.with_suffix(f".{kind}.json").write_text(json.dumps(record))
    assert f"(the field '{field}' is missing" in refused(checkpoint)


def test_accuracy_in_a_regime_without_a_figure_is_compared_with_nothing(checkpoint: Path) -> None:
    write_accuracy(checkpoint, regime="timm")
    line = refused(checkpoint)
    assert "the accuracy cannot be compared" in line and "no figure is published for it" in line


def test_accuracy_on_classes_of_ones_own_is_compared_with_nothing(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    checkpoint = converted(tmp_path, NAME, gluon("seresnext8_digits-tuned").file())
    write_accuracy(checkpoint, classes=23)
    result = publish(NAME, checkpoint, tmp_path / "out")
    assert result.exit_code == 0, result.output
    edit(checkpoint.with_suffix(".accuracy.json"), reproduced=True)
    assert is_one_line(publish(NAME, checkpoint, tmp_path / "other"))


def test_a_network_for_cifar_is_judged_by_neither_of_its_two_figures(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    name = "gluon_cifar_resnet20_v1"
    checkpoint = converted(tmp_path, name, gluon("cifar_resnet20_v1").file())
    write_accuracy(checkpoint, name, counts=(10_000, 8337, 9908))
    result = publish(name, checkpoint, tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    card = " ".join((tmp_path / "out" / "README.md").read_text().split())
    assert "| top-1 92.1 or 92.9 %, see below |" in card
    assert "92.1 % (vanilla) and 92.9 % (mix-up)" in card
    assert "nothing is judged by either" in card and "reproduces" not in card
    edit(checkpoint.with_suffix(".accuracy.json"), reproduced=False)
    failed = publish(name, checkpoint, tmp_path / "other")
    assert is_one_line(failed) and "contradicts itself: the field 'reproduced'" in failed.stderr


def test_a_reason_takes_the_place_of_accuracy_and_is_on_the_card(checkpoint: Path) -> None:
    checkpoint.with_suffix(".accuracy.json").unlink()
    reason = "the scans are the hospital's and stay there"
    out = checkpoint.parent / "out"
    result = publish(NAME, checkpoint, out, "--without-accuracy", reason)
    assert result.exit_code == 0, result.output
    card = (out / "README.md").read_text()
    assert reason in card and "model-index" not in card and not (out / "accuracy.json").exists()


def test_an_empty_reason_is_wrong_usage(checkpoint: Path) -> None:
    assert publish(NAME, checkpoint, "out", "--without-accuracy", " ").exit_code == 2


def test_synthetic_weights_are_refused(tmp_path: Path) -> None:
    checkpoint = converted(tmp_path, source="synthetic")
    write_accuracy(checkpoint)
    assert "synthetic" in refused(checkpoint, "--without-accuracy", "for a test")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_synthetic_weights_are_known_by_their_values(dtype: Any, tmp_path: Path) -> None:
    first = gluonport.convert(NAME, tmp_path / "s.params", "synthetic")
    checkpoint = tmp_path / "c.safetensors"
    gluonport.convert(NAME, checkpoint, first.target, dtype)
    judged(NAME, checkpoint)
    write_accuracy(checkpoint)
    assert json.loads(checkpoint.with_suffix(".provenance.json").read_text())["synthetic"] is False
    assert "holds synthetic weights" in refused(checkpoint)


def test_an_edited_provenance_does_not_pass(checkpoint: Path) -> None:
    record = checkpoint.with_suffix(".provenance.json")
    text = record.read_text()
    for change, said in (
        ({"source_sha256": None}, "the sha256 of the source is missing"),
        ({"tensors": 65}, "says tensors 65, but the checkpoint has 64"),
        ({"parameters": 1}, "says parameters 1, but the checkpoint has 272506"),
        ({"num_classes": 11}, "says num_classes 11, but the checkpoint has 10"),
        ({"dtype": "float16"}, "says dtype float16, but the checkpoint has float32"),
        ({"mapping_sha256": "0" * 64}, "the digest of the mapping is not"),
        ({"tensor_sha256": {}}, "the digests of the tensors are not"),
        ({"synthetic": True}, "synthetic, which are never published"),
    ):
        edit(record, **change)
        assert said in refused(checkpoint)
        record.write_text(text)


def test_a_checkpoint_of_another_model_or_format_is_refused(checkpoint: Path) -> None:
    result = publish(OTHER, checkpoint, checkpoint.parent / "out")
    assert is_one_line(result) and f"the file is not a {OTHER}" in result.stderr
    sample = "architectures/samples/gluon_seresnext8_digits.params"
    result = publish(NAME, sample, checkpoint.parent / "out")
    assert is_one_line(result) and "expected safetensors" in result.stderr
    result = publish(NAME, checkpoint.with_name("nothing"), checkpoint.parent / "out")
    assert is_one_line(result)
