"""Nothing is published without passing evidence of exactly this file; nothing synthetic ever."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import gluonport
from tests.conftest import GluonCheckpoints
from tests.releases import (
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
    assert f"no {kind} beside it" in line and f"'{command}{checkpoint}" in line


@pytest.mark.parametrize("kind", ["provenance", "parity", "accuracy"])
@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"schema": 2}', "[" * 100_000])
def test_damaged_evidence_is_refused(kind: str, damage: str, checkpoint: Path) -> None:
    checkpoint.with_suffix(f".{kind}.json").write_text(damage)
    assert f"is no record of {kind}" in refused(checkpoint)


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
    assert f".{kind}.json: is of " in line and "make it again with '" in line


def test_evidence_is_stale_once_the_checkpoint_is_another(
    checkpoint: Path, gluon: Callable[..., GluonCheckpoints]
) -> None:
    tuned = gluon("seresnext8_digits").file()
    gluonport.convert(NAME, checkpoint, tuned, force=True)
    assert ".parity.json: is of another file" in refused(checkpoint)
    judged(NAME, checkpoint)
    assert ".accuracy.json: is of another file" in refused(checkpoint)


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reproduced": False}, "accuracy failed: top-1 97.778 %"),
        ({"complete": False}, "is not complete"),
        ({"images": 0, "top1_correct": 0, "top5_correct": 0}, "is not complete"),
        ({"top1_correct": "352"}, "is not complete"),
        ({"top1_correct": 361, "top5_correct": 361}, "cannot be"),
    ],
)
def test_failed_or_unfinished_accuracy_is_refused(
    change: dict[str, Any], said: str, checkpoint: Path
) -> None:
    edit(checkpoint.with_suffix(".accuracy.json"), **change)
    line = refused(checkpoint)
    assert said in line and f"verify accuracy {NAME} {checkpoint}" in line


def test_accuracy_must_reproduce_what_is_published(checkpoint: Path) -> None:
    edit(checkpoint.with_suffix(".accuracy.json"), reproduced=None)
    line = refused(checkpoint)
    assert "accuracy is compared with nothing" in line and "97.78 % is published" in line
    edit(checkpoint.with_suffix(".accuracy.json"), regime="timm")
    assert "nothing is published of that" in refused(checkpoint)


def test_accuracy_on_classes_of_ones_own_is_compared_with_nothing(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    checkpoint = converted(tmp_path, NAME, gluon("seresnext8_digits-tuned").file())
    write_accuracy(checkpoint, published=None, reproduced=None)
    result = publish(NAME, checkpoint, tmp_path / "out")
    assert result.exit_code == 0, result.output
    write_accuracy(checkpoint, published=None, reproduced=False)
    assert is_one_line(publish(NAME, checkpoint, tmp_path / "other"))


def test_a_network_for_cifar_is_judged_by_neither_of_its_two_figures(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    name = "gluon_cifar_resnet20_v1"
    checkpoint = converted(tmp_path, name, gluon("cifar_resnet20_v1").file())
    counts = {"images": 10_000, "top1_correct": 8337, "top5_correct": 9908}
    write_accuracy(checkpoint, name, **counts, published=None, reproduced=None)
    result = publish(name, checkpoint, tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    card = " ".join((tmp_path / "out" / "README.md").read_text().split())
    assert "| top-1 92.1 or 92.9 %, see below |" in card
    assert "92.1 % (vanilla) and 92.9 % (mix-up)" in card
    assert "nothing is judged by either" in card and "reproduces" not in card
    write_accuracy(checkpoint, name, **counts, published=None, reproduced=False)
    failed = publish(name, checkpoint, tmp_path / "other")
    assert is_one_line(failed) and "nothing is judged by either" in failed.stderr


def test_a_reason_takes_the_place_of_accuracy_and_is_on_the_card(checkpoint: Path) -> None:
    checkpoint.with_suffix(".accuracy.json").unlink()
    reason = "the scans are the hospital's and stay there"
    out = checkpoint.parent / "out"
    result = publish(NAME, checkpoint, out, "--without-accuracy", reason)
    assert result.exit_code == 0, result.output
    card = (out / "README.md").read_text()
    assert reason in card and "model-index" not in card and not (out / "accuracy.json").exists()


def test_no_reason_hides_an_accuracy_that_failed(checkpoint: Path) -> None:
    edit(checkpoint.with_suffix(".accuracy.json"), reproduced=False)
    assert "accuracy failed" in refused(checkpoint, "--without-accuracy", "the data is private")


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
        ({"source_sha256": None}, "has no sha256 of the source"),
        ({"mapping_sha256": "0" * 64}, "another table"),
        ({"tensor_sha256": {}}, "other digests of the tensors"),
        ({"synthetic": True}, "synthetic, which are never published"),
    ):
        edit(record, **change)
        assert said in refused(checkpoint)
        record.write_text(text)


def test_a_checkpoint_of_another_model_or_format_is_refused(checkpoint: Path) -> None:
    result = publish(OTHER, checkpoint, checkpoint.parent / "out")
    assert is_one_line(result) and f"is no {OTHER}" in result.stderr
    sample = "architectures/samples/gluon_seresnext8_digits.params"
    result = publish(NAME, sample, checkpoint.parent / "out")
    assert is_one_line(result) and "expected safetensors" in result.stderr
    result = publish(NAME, checkpoint.with_name("nothing"), checkpoint.parent / "out")
    assert is_one_line(result)
