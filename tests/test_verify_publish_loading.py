"""The clients of a release load it, offline, and compute what MXNet computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from architectures import find_model
from tests.conftest import GluonCheckpoints
from tests.support.releases import converted, publish

ROOT = Path(__file__).parents[1]
IMAGE = ROOT / "verify" / "reference" / "images" / "coffee.jpg"
COMMON = {"gluonport", "numpy", "export", "onnx"}
TIMM = {"timm local-dir", "timm checkpoint_path", "huggingface_hub", "transformers"}

# The model, MXNet's name of the network ("-tuned" has 23 classes of its own), the clients.
CASES = {
    "sample": ("gluon_seresnext8_digits", "seresnext8_digits", COMMON),
    "tuned": ("gluon_resnet18_v1b", "resnet18_v1b-tuned", {*COMMON, *TIMM, "torchvision"}),
    "plain": ("gluon_resnext50_32x4d", "resnext50_32x4d", {*COMMON, *TIMM, "torchvision"}),
    "tuned-se": ("gluon_seresnext50_32x4d", "se_resnext50_32x4d-tuned", {*COMMON, *TIMM}),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "network", "expected"), CASES.values(), ids=CASES)
def test_every_client_computes_what_mxnet_computed(
    name: str,
    network: str,
    expected: set[str],
    gluon: Callable[..., GluonCheckpoints],
    tmp_path: Path,
) -> None:
    source = gluon(network, "structural")
    checkpoint = converted(tmp_path, name, source.file())
    classes = source.logits.shape[1]
    labels = [f"label {index}" for index in range(classes)]
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    release = tmp_path / "release"
    options = (
        "--labels",
        tmp_path / "labels.txt",
        "--without-accuracy",
        "random weights of a test",
    )
    result = publish(name, checkpoint, release, *options)
    assert result.exit_code == 0, result.output

    elsewhere = find_model(name).client
    expression = elsewhere.torchvision.format(n=classes) if elsewhere else ""
    inputs, out = source.folder / f"{network}.npz", tmp_path / "out.npz"
    script = Path(__file__).parent / "support" / "release_clients.py"
    command = [sys.executable, script, release, inputs, IMAGE, out, name, expression]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **offline})
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        found = {key: arrays[key] for key in arrays}

    assert found.keys() - {"pipeline", "pixels", "missing"} == expected
    scale = np.abs(source.logits).max()
    for key in expected:
        assert found[key].shape == source.logits.shape and found[key].dtype == np.float32
        error = np.abs(found[key] - found["gluonport"]).max()
        assert error <= 1e-5 * scale, (key, error, scale)
        assert np.abs(found[key] - source.logits).max() <= 1e-5 * scale, key
    if elsewhere is not None:
        best = np.argsort(-found["pixels"][0])[:5]
        assert list(found["pipeline"]) == [labels[index] for index in best]
        assert found["missing"].size == 0
        config = json.loads((release / "config.json").read_text())
        assert config["architecture"] == elsewhere.timm and config["num_classes"] == classes


@pytest.mark.exhaustive
def test_imagenets_labels_are_left_to_the_clients(
    gluon: Callable[..., GluonCheckpoints], tmp_path: Path
) -> None:
    from transformers import AutoModelForImageClassification

    from tests.support.releases import write_accuracy

    name = "gluon_resnet18_v1b"
    checkpoint = converted(tmp_path, name, gluon("resnet18_v1b", "structural").file())
    # Random weights reach no such accuracy: the record is made by hand, for the labels alone.
    write_accuracy(checkpoint, name, counts=(50_000, 35_470, 44_915))
    assert publish(name, checkpoint, tmp_path / "out").exit_code == 0
    model = AutoModelForImageClassification.from_pretrained(tmp_path / "out")
    assert model.config.id2label[207].startswith("golden retriever")
    assert "label_names" not in json.loads((tmp_path / "out" / "config.json").read_text())
