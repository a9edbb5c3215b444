"""The accuracy of the sample is MXNet's own, image by image, and only a whole run is a number."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

import gluonport
from architectures import find_model
from gluonport.commands.verify import main
from verify.accuracy.prediction import best, read_csv
from verify.datasets import LabelledImages, open_dataset
from verify.preprocessing import crop, normalise
from verify.reference.answers import live

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


def test_a_set_that_is_not_whole_has_no_number_unless_labelled(
    checkpoint: Path, scans: Path, tmp_path: Path
) -> None:
    part = tmp_path / "part"
    shutil.copytree(scans, part)
    next((part / "3").iterdir()).unlink()
    assert "--allow-incomplete" in refused(checkpoint, "--data", part)
    found = measured(checkpoint, "--data", part, "--allow-incomplete")
    assert (found["images"], found["complete"], found["reproduced"]) == (359, False, None)
    assert found["problems"] and "incomplete" in found["why"]


def test_images_that_are_there_twice_are_said(
    checkpoint: Path, scans: Path, tmp_path: Path
) -> None:
    twice = tmp_path / "twice"
    shutil.copytree(scans, twice)
    first, second, *_ = sorted((twice / "3").iterdir())
    shutil.copy(first, second)
    result = invoke(checkpoint, "--data", twice, "--limit", 360)
    assert f"{twice}: images with the bytes of an earlier image: 1 of 360; " in result.stderr
    assert "earlier image" not in invoke(checkpoint, "--data", scans, "--limit", 20).stderr


def test_images_that_do_not_decode_are_listed_and_never_counted(
    checkpoint: Path, scans: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(scans, broken)
    paths = sorted((broken / "3").iterdir())[:2]
    for path in paths:
        path.write_bytes(path.read_bytes()[:40])
    said = refused(checkpoint, "--data", broken)
    assert "2 of 360 images do not decode" in said and f"3/{paths[0].name}" in said
    found = measured(checkpoint, "--data", broken, "--allow-incomplete")
    assert found["undecoded"] == [f"3/{path.name}" for path in paths]
    assert (found["images"], found["complete"], found["reproduced"]) == (358, False, None)


def test_what_a_number_is_not_reproduced_by_is_a_failure(checkpoint: Path, tmp_path: Path) -> None:
    weights = load_file(checkpoint)
    weights["fc.bias"] = np.roll(weights["fc.bias"], 1)
    weights["fc.weight"] = np.roll(weights["fc.weight"], 1, axis=0)
    save_file(weights, checkpoint)
    result = invoke(checkpoint, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and found["reproduced"] is False and found["complete"] is True
    assert found["difference"]["top1"]["images"] == found["top1_correct"] - 352 < 0
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_nothing_published_in_a_regime_is_no_failure(checkpoint: Path) -> None:
    found = measured(checkpoint, "--regime", "timm", "--limit", 400)
    assert (found["published"], found["reproduced"], found["complete"]) == (None, None, True)


def test_a_ledger_of_another_run_is_refused_with_what_differs(
    checkpoint: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    measured(checkpoint, "--ledger", ledger, "--limit", 40)
    said = refused(checkpoint, "--ledger", ledger, "--limit", 40, "--batch-size", 8)
    assert "batch_size 16, now 8" in said and "regime" not in said
    said = refused(checkpoint, "--ledger", ledger, "--limit", 30)
    assert "manifest_sha256" in said and "images 40, now 30" in said


@pytest.mark.parametrize("damage", ["cut", "flipped", "renamed", "gone"])
def test_a_damaged_chunk_is_run_again(checkpoint: Path, tmp_path: Path, damage: str) -> None:
    ledger = tmp_path / "ledger"
    measured(checkpoint, "--ledger", ledger, "--limit", 40)
    chunks = {path: path.read_bytes() for path in sorted(ledger.glob("[0-9]*.csv"))}
    one, other = list(chunks)[:2]
    if damage == "cut":
        one.write_bytes(chunks[one][:-80])
    elif damage == "flipped":
        one.write_bytes(chunks[one].replace(b",1,", b",7,", 1))
    elif damage == "renamed":
        one.write_bytes(chunks[other])
    else:
        one.unlink()
    found = measured(checkpoint, "--ledger", ledger, "--limit", 40)
    assert found["images"] == 40
    assert {path: path.read_bytes() for path in chunks} == chunks


def test_a_second_run_from_the_cache_decodes_nothing_and_says_the_same(
    checkpoint: Path, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--data", scans, "--cache", tmp_path / "cache", "--predictions")
    first = measured(checkpoint, *options, tmp_path / "first.csv")

    def unread(*_: object) -> bytes:
        raise AssertionError("an image was read")

    monkeypatch.setattr(LabelledImages, "read", unread)
    assert measured(checkpoint, *options, tmp_path / "second.csv") == first
    assert (tmp_path / "second.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


def test_a_damaged_crop_is_made_again(checkpoint: Path, scans: Path, tmp_path: Path) -> None:
    options = ("--data", scans, "--cache", tmp_path / "cache", "--predictions")
    measured(checkpoint, *options, tmp_path / "first.csv")
    (crops,) = (tmp_path / "cache").rglob("*.crops")
    data = bytearray(crops.read_bytes())
    data[5000] ^= 255
    crops.write_bytes(data[:-100])
    measured(checkpoint, *options, tmp_path / "second.csv")
    assert (tmp_path / "second.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()


def test_a_changed_image_is_another_run(checkpoint: Path, scans: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(scans, changed)
    options = ("--data", changed, "--cache", tmp_path / "cache", "--ledger", tmp_path / "ledger")
    measured(checkpoint, *options)
    one, other = sorted((changed / "3").iterdir())[:2]
    one.write_bytes(other.read_bytes())
    assert "manifest_sha256" in refused(checkpoint, *options)


def test_another_run_is_compared_image_by_image(checkpoint: Path, tmp_path: Path) -> None:
    lines = MXNET.read_text().splitlines()
    path, label, first, second, *rest = lines[1].split(",")
    assert label == first
    lines[1] = ",".join([path, label, second, first, *rest])
    other = tmp_path / "other.csv"
    other.write_text("\n".join(lines) + "\n")
    against = measured(checkpoint, "--against", other)["against"]
    assert (against["gained"], against["lost"], against["p"]) == ([path], [], 1)
    other.write_text("\n".join(lines[:-1]) + "\n")
    assert "unanswered: 9/" in refused(checkpoint, "--against", other)
    other.write_text("hello\n")
    assert "not a file of predictions" in refused(checkpoint, "--against", other)


def test_what_cannot_be_written_is_said_before_the_run(checkpoint: Path, tmp_path: Path) -> None:
    assert "cannot be written" in refused(checkpoint, "--predictions", tmp_path / "no" / "p.csv")
    assert "no.safetensors" in refused(tmp_path / "no.safetensors")


def test_a_device_or_precision_that_is_not_there_is_refused(checkpoint: Path) -> None:
    assert "--device lathe" in refused(checkpoint, "--device", "lathe")
    assert "TF32" in refused(checkpoint, "--device", "cpu", "--precision", "tf32")


def test_bfloat16_is_proven_with_its_own_rounding(checkpoint: Path) -> None:
    found = measured(checkpoint, "--limit", 32, "--precision", "bfloat16")
    assert found["dtype"] == "bfloat16"
    assert 1e-4 < found["fast_path"]["max_difference"] < 0.1 * found["fast_path"]["max_logit"]


@pytest.mark.exhaustive
def test_every_prediction_is_that_of_mxnet_run_now(checkpoint: Path, tmp_path: Path) -> None:
    model = find_model(NAME)
    measured(checkpoint, "--predictions", tmp_path / "ours.csv")
    ours, data = read_csv(tmp_path / "ours.csv"), open_dataset(model=model)
    crops = np.stack([crop(data.read(k), "gluon", model) for k in range(360)])
    answer = live(model, SAMPLES / f"{NAME}.params", normalise(crops, "gluon", model))
    assert [p.classes for p in ours] == [tuple(row) for row in best(answer.logits32).tolist()]
    right = [p.label == row.argmax() for p, row in zip(ours, answer.logits64, strict=True)]
    assert sum(right) == 352


@pytest.mark.exhaustive
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_compiled_network_gives_the_same_classes(checkpoint: Path, precision: str) -> None:
    options = ["--compile", "--precision", precision, "--predictions"]
    found = compiling(checkpoint, *options, checkpoint.with_name("compiled.csv"))
    assert found.returncode == 0, found.stderr
    measured(checkpoint, "--predictions", checkpoint.with_name("plain.csv"))
    ours, plain = (read_csv(checkpoint.with_name(f"{name}.csv")) for name in ("compiled", "plain"))
    changed = sum(a.classes[0] != b.classes[0] for a, b in zip(ours, plain, strict=True))
    assert changed <= (0 if precision == "float32" else 3)
    assert ours != plain  # it was another network that answered


@pytest.mark.exhaustive
def test_a_machine_without_a_compiler_is_told_to_leave_compile_out(
    checkpoint: Path, tmp_path: Path
) -> None:
    places = {"CXX": str(tmp_path / "none"), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    found = compiling(checkpoint, "--compile", **places)
    assert found.returncode == 1 and not found.stdout
    [line] = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert "--compile: torch.compile fails here" in line and line.endswith("leave it out")
    assert "Traceback" not in found.stderr


def compiling(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the compiler keeps what it found in its process."""
    command = [sys.executable, "-m", "verify", "accuracy", NAME, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
