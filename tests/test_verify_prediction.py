"""``gluonport predict`` and ``gluonport demo``."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.data import ImageNetInfo, create_transform, resolve_data_config

import gluonport
from gluonport.commands.main import main
from tests.support.releases import NAME, converted, is_one_line, publish, write_accuracy
from verify.datasets.expectation import imagenet_names, wordnet_ids

SAMPLES = Path("architectures", "samples").resolve()
CAT = Path("verify", "reference", "images", "cat.jpg").resolve()


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


def answer(*arguments: object) -> dict[str, Any]:
    result = predict(*arguments, "--json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("digits") / "digits.safetensors"
    gluonport.convert(NAME, target)
    return target


def test_the_samples_answers_are_mxnets(digits: Path, scans: Path) -> None:
    with open(SAMPLES / f"{NAME}.csv", newline="") as file:
        rows = list(csv.DictReader(file))[::9]
    found = answer(digits, *(scans / row["path"] for row in rows))
    assert (found["model"], found["regime"]) == (NAME, "gluon") and not found["synthetic"]
    assert len(found["predictions"]) == len(rows) == 40
    for row, prediction in zip(rows, found["predictions"], strict=True):
        guesses = prediction["classes"]
        assert [guess["index"] for guess in guesses] == [int(row[f"class{k}"]) for k in range(1, 6)]
        assert [guess["name"] for guess in guesses] == [row[f"class{k}"] for k in range(1, 6)]
        expected = [float(row[f"logit{k}"]) for k in range(1, 6)]
        np.testing.assert_allclose([guess["logit"] for guess in guesses], expected, atol=1e-4)


def test_probabilities_are_those_of_timms_transform_and_network(tmp_path: Path) -> None:
    name = "gluon_resnext50_32x4d"
    checkpoint = tmp_path / "out.safetensors"
    gluonport.convert(name, checkpoint, source="synthetic")
    document = answer(checkpoint, CAT, "--regime", "timm", "--top", 1000)
    assert document["synthetic"] and "mean nothing" in predict(checkpoint, CAT).stdout
    (prediction,) = document["predictions"]
    network = timm.create_model("resnext50_32x4d.gluon_in1k", pretrained=False).eval()
    network.load_state_dict(load_file(checkpoint))
    transform = create_transform(**resolve_data_config({}, model=network))
    with Image.open(CAT) as image, torch.inference_mode():
        expected = network(transform(image.convert("RGB"))[None]).softmax(1)[0]
    found = sorted(prediction["classes"], key=lambda guess: int(guess["index"]))
    np.testing.assert_allclose([guess["probability"] for guess in found], expected, rtol=1e-4)
    assert [guess["name"] for guess in found] == list(imagenet_names())


def test_imagenets_names_are_timms() -> None:
    info = ImageNetInfo("imagenet-1k")
    assert tuple(info.label_names()) == wordnet_ids()
    assert imagenet_names() == tuple(info.index_to_description(k) for k in range(1000))


def test_a_file_without_provenance_is_recognised_by_its_tensors(
    digits: Path, scans: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.safetensors"
    shutil.copy(digits, bare)
    assert answer(bare, next(scans.rglob("*.png")))["model"] == NAME


def test_a_network_of_two_models_is_told_by_provenance_or_by_name(tmp_path: Path) -> None:
    name, other = "gluon_seresnext50_32x4d", "seresnext50_32x4d"
    checkpoint = tmp_path / "se.safetensors"
    gluonport.convert(name, checkpoint, source="synthetic")
    assert answer(checkpoint, CAT)["model"] == name
    record = checkpoint.with_suffix(".provenance.json")
    values = json.loads(record.read_text())
    record.write_text(json.dumps({**values, "target_sha256": "0" * 64}))  # of another file
    refused = predict(checkpoint, CAT)
    assert refused.exit_code == 1
    assert f"fits {name} and {other} equally well: choose one with --model" in refused.stderr
    found = answer(checkpoint, CAT, "--model", other)
    assert (found["model"], found["regime"]) == (other, "timm")


def test_a_release_is_a_checkpoint_with_its_own_names(tmp_path: Path, scans: Path) -> None:
    checkpoint = converted(tmp_path)
    write_accuracy(checkpoint)
    names = tmp_path / "names.txt"
    names.write_text("\n".join("null eins zwei drei vier fünf sechs sieben acht neun".split()))
    release = tmp_path / "release"
    done = publish(NAME, checkpoint, release, "--class-names", names)
    assert done.exit_code == 0, done.output
    found = answer(release, scans / "3" / "digit-1460.png", "--top", 1)
    assert found["model"] == NAME
    assert found["predictions"][0]["classes"][0]["name"] == "drei"
    names.write_text("\n".join("nul een twee drie vier vijf zes zeven acht negen".split()))
    for option in ("--class-names", "--labels"):  # the second is its old name
        found = answer(release, scans / "3" / "digit-1460.png", "--top", 1, option, names)
        assert found["predictions"][0]["classes"][0]["name"] == "drie"
    config = release / "config.json"
    damages: tuple[Callable[[], object], ...] = (
        lambda: config.write_text('{"label_names": [7]}'),
        lambda: config.write_text('{"label_names": "0123456789"}'),
        lambda: config.write_text("[" * 100_000),
        lambda: os.mkfifo(config),
    )
    for damage in damages:
        config.unlink()
        damage()
        refused = predict(release, scans / "3" / "digit-1460.png")
        assert is_one_line(refused) and "config.json: " in refused.stderr


def test_what_is_printed_is_the_answer(digits: Path, scans: Path) -> None:
    done = predict(digits, scans / "3" / "digit-1460.png", "--top", 2)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["model", f"{NAME},", "gluon", "preprocessing"]
    assert lines[2].endswith("digit-1460.png") and len(lines) == 5
    index, share, name = lines[3].split()
    assert index == name == "3" and share.endswith("%") and float(share[:-1]) > 50


def test_what_cannot_be_answered_is_refused_in_one_line(
    digits: Path, scans: Path, tmp_path: Path
) -> None:
    scan = scans / "3" / "digit-1460.png"
    broken, labels, other = tmp_path / "broken.jpg", tmp_path / "l.txt", tmp_path / "o.safetensors"
    broken.write_bytes(CAT.read_bytes()[:100])
    labels.write_text("one\ntwo\n")
    save_file({"weight": torch.zeros(3)}, other)
    for arguments, expected in (
        ((SAMPLES / f"{NAME}.params", scan), "convert it first, with 'convert auto"),
        ((tmp_path / "none.safetensors", scan), "none.safetensors"),
        ((other, scan), "no model of the catalogue has these tensors"),
        ((digits, scan, "--model", "gluon_resnext50_32x4d"), "does not fit gluon_resnext50_32x4d"),
        ((digits, scan, "--model", "gluon_resnext5"), "no model is called"),
        ((digits, tmp_path / "none.png"), "none.png"),
        ((digits, broken), "broken.jpg"),
        ((digits, scan, "--class-names", labels), "has 2 lines, expected one for each of the 10"),
        ((tmp_path, scan), "name the folder of a release"),
    ):
        refused = predict(*arguments, "--json")
        assert refused.exit_code == 1 and not refused.stdout, arguments
        assert refused.stderr.startswith("error: ") and refused.stderr.count("\n") == 1
        assert expected in refused.stderr


def test_the_demo_goes_from_gluons_file_to_a_checked_release(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gluonport", "demo", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n$ gluonport ") == 7 and "352 right" in done.stdout
    assert (tmp_path / "demo" / "release" / "model.safetensors").is_file()
    again = CliRunner().invoke(main, ["demo", str(tmp_path / "demo")])
    assert again.exit_code == 1 and again.stderr.endswith(
        "the folder is not empty: name a new folder\n"
    )
