"""``gluonport models`` and ``gluonport inspect``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

import gluonport
from architectures import MODELS
from gluonport.commands.main import main
from tests.conftest import GluonCheckpoints

SAMPLE = "architectures/samples/gluon_seresnext8_digits.params"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_models_lists_every_model_with_its_source_and_figures() -> None:
    listed = json.loads(run("models", "--json").stdout)["models"]
    assert [model["name"] for model in listed] == gluonport.list_models()
    first = listed[0]
    assert first["source_name"] == "resnext50_32x4d" and len(first["sha1"]) == 40
    assert first["sha256_prefix"] is None
    assert first["accuracy"]["gluon"] == {
        "top1": 79.32,
        "top5": 94.53,
        "source": "GluonCV model zoo, classification table",
        "weights": first["sha1"],
    }
    for model in listed:
        known = [model[hash] for hash in ("sha1", "sha256_prefix") if model[hash]]
        assert [len(digits) for digits in known] in ([40], [8]) or not model["url"]
    table = run("models").stdout
    assert all(name in table for name in gluonport.list_models())
    for model in MODELS:
        for figure in model.source.figures:
            assert str(figure) in table


def test_models_shows_both_figures_of_a_cifar_network_and_that_neither_judges() -> None:
    model = json.loads(run("models", "gluon_cifar_resnet20_v1", "--json").stdout)
    assert model["accuracy"] is None
    both = model["undecided"]
    assert (both["vanilla"], both["mixup"]) == (92.1, 92.9)
    assert "nothing is judged by either" in both["note"]
    table = run("models", "gluon_cifar_resnet20_v?").stdout
    assert "92.1 or 92.9 *" in table and "Neither is used to judge" in table
    assert "Neither is used" not in run("models", "gluon_resnet50_v?").stdout
    listed = json.loads(run("models", "gluon_resnet*", "--json").stdout)["models"]
    assert all(model["undecided"] is None for model in listed)


def test_models_filters_by_pattern() -> None:
    listed = json.loads(run("models", "gluon_seresnext101_??x4d", "--json").stdout)["models"]
    assert [model["name"] for model in listed] == [
        "gluon_seresnext101_32x4d",
        "gluon_seresnext101_64x4d",
    ]


def test_models_that_were_never_published_have_no_url_no_sha1_and_no_accuracy() -> None:
    listed = json.loads(run("models", "gluon_se_resnet*_v1", "--json").stdout)["models"]
    assert [model["source_name"] for model in listed] == [
        f"se_resnet{depth}_v1" for depth in (18, 34, 50, 101, 152)
    ]
    for model in listed:
        assert model["sha1"] is model["url"] is model["accuracy"] is None
        assert model["parameters"] > 10_000_000


def test_the_models_of_a_family_stand_together() -> None:
    listed = json.loads(run("models", "--json").stdout)["models"]
    families = [family for family, _ in groupby(model["family"] for model in listed)]
    assert len(families) == len(set(families))


def test_inspect_recognises_the_sample() -> None:
    found = json.loads(run("inspect", SAMPLE, "--json").stdout)
    assert found["format"] == "params-v2" and found["naming"] == "structural"
    assert found["dtypes"] == {"float32": 55} and found["tensors"] == 55
    assert found["model"] == "gluon_seresnext8_digits" and found["num_classes"] == 10
    assert found["parameters"] == 272_506
    text = run("inspect", SAMPLE).stdout
    assert "gluon_seresnext8_digits, 10 classes" in text


def test_inspect_digests_are_of_the_dense_bytes_in_file_order() -> None:
    rows = json.loads(run("inspect", SAMPLE, "--json", "--digests").stdout)["digests"]
    data = Path(SAMPLE).read_bytes()
    assert [row["offset"] for row in rows] == sorted(row["offset"] for row in rows)
    for row in rows:
        size = 4 * int(np.prod(row["shape"]))
        stored = data[row["offset"] : row["offset"] + size]
        assert row["sha256"] == hashlib.sha256(stored).hexdigest()
        assert (row["dtype"], row["storage"]) == ("float32", "dense")


@pytest.mark.parametrize("scheme", ["prefixed", "stripped", "export", "transplanted", "module"])
def test_inspect_names_the_scheme(scheme: str, gluon: Callable[..., GluonCheckpoints]) -> None:
    file = gluon("seresnext8_digits").file(scheme)
    found = json.loads(run("inspect", str(file), "--json").stdout)
    expected = {"transplanted": "prefixed", "module": "export"}.get(scheme, scheme)
    assert (found["naming"], found["model"]) == (expected, "gluon_seresnext8_digits")


def test_inspect_reads_any_network_and_says_that_none_fits(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", **{"encoder.0.weight": np.zeros((3, 4), np.float16)})
    result = run("inspect", str(tmp_path / "other.npz"), "--json")
    found = json.loads(result.stdout)
    assert (found["model"], found["candidates"], found["parameters"]) == (None, [], 12)


def test_inspect_shows_the_nearest_where_a_tensor_is_missing(tmp_path: Path) -> None:
    gluonport.convert("gluon_cifar_resnet20_v1", tmp_path / "out.safetensors", "synthetic")
    arrays = load_file(tmp_path / "out.safetensors")
    del arrays["bn1.bias"]
    save_file(arrays, tmp_path / "less.safetensors")
    text = run("inspect", str(tmp_path / "less.safetensors")).stdout
    assert "gluon_cifar_resnet20_v1, 1 misfit: 1 in the network but not in the file" in text


def test_inspect_of_no_checkpoint_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "page.params").write_text("<!DOCTYPE html><html>404</html>")
    result = run("inspect", str(tmp_path / "page.params"))
    assert result.exit_code == 1 and "web page" in result.stderr
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
