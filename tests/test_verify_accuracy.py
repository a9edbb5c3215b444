"""The accuracy of the sample is MXNet's own, image by image, and only a whole run is a number."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import gluonport
from verify.accuracy.prediction import read_csv
from verify.command import main

NAME = "gluon_seresnext8_digits"
SAMPLES = Path("architectures", "samples").resolve()
MXNET = SAMPLES / f"{NAME}.csv"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "digits.safetensors"
    gluonport.convert(NAME, out)
    return out


@pytest.fixture
def checkpoint(converted: Path, tmp_path: Path) -> Path:
    """The converted sample in a folder of its own, where results are left."""
    out = tmp_path / "digits.safetensors"
    out.write_bytes(converted.read_bytes())
    return out


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    with tarfile.open(SAMPLES / f"{NAME}.tar") as tar:
        tar.extractall(folder, filter="data")
    return folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["accuracy", NAME, *map(str, arguments)])


def measured(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = invoke(*arguments, "--json")
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(*arguments: object) -> str:
    """The one line of a refusal."""
    result = invoke(*arguments)
    assert result.exit_code == 1 and result.stdout == "", result.output
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_the_sample_has_mxnets_own_count_and_is_reproduced(checkpoint: Path) -> None:
    found = measured(checkpoint)
    with MXNET.open(newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["class1"] == row["label"] for row in rows)
    assert (found["model"], found["regime"], found["images"]) == (NAME, "gluon", len(rows))
    assert (found["top1_correct"], found["top5_correct"]) == (right, 360)
    assert found["top1"] == 100 * right / 360 and found["top5"] == 100
    assert found["reproduced"] is True and found["complete"] is True
    assert found["published"]["regime"] == "gluon" and "MXNet" in found["published"]["source"]
    assert sum(half["images"] for half in found["halves"]) == 360
    assert sum(half["top1_correct"] for half in found["halves"]) == right


def test_the_result_beside_the_checkpoint_is_what_was_printed_and_nothing_else_stays(
    checkpoint: Path,
) -> None:
    found = measured(checkpoint)
    left = checkpoint.with_suffix(".accuracy.json")
    assert json.loads(left.read_text()) == found
    assert {path.name for path in checkpoint.parent.iterdir()} == {checkpoint.name, left.name}


def test_every_prediction_is_mxnets(checkpoint: Path, tmp_path: Path) -> None:
    measured(checkpoint, "--predictions", tmp_path / "ours.csv")
    ours, theirs = read_csv(tmp_path / "ours.csv"), read_csv(MXNET)
    assert (tmp_path / "ours.csv").read_text().splitlines()[0] == (
        "path,label,class1,class2,class3,class4,class5,logit1,logit2,logit3,logit4,logit5"
    )
    assert [(p.path, p.label, p.classes) for p in ours] == [
        (p.path, p.label, p.classes) for p in theirs
    ]
    logits = np.array([p.logits for p in ours]), np.array([p.logits for p in theirs])
    assert np.abs(logits[0] - logits[1]).max() < 1e-4


def test_a_limited_run_is_labelled_and_never_reproduced(checkpoint: Path) -> None:
    found = measured(checkpoint, "--limit", 20)
    assert (found["images"], found["limit"]) == (20, 20)
    assert found["complete"] is False and found["reproduced"] is None
    assert "limited to 20 of 360" in found["why"]


def test_a_class_folder_tree_of_the_scans_gives_the_same(checkpoint: Path, scans: Path) -> None:
    found = measured(checkpoint, "--data", scans)
    assert (found["top1_correct"], found["reproduced"]) == (352, True)
