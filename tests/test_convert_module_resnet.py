"""ResNets of MXNet's Module API: real MXNet writes the files, and judges what comes of them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gluonport
from architectures import find_model
from convert.conversion import convert
from convert.formats import open_checkpoint
from convert.formats.records import PROVENANCE, read_record
from convert.formats.write_params import write_params
from tests.support.mxnet_scripts import in_mxnet
from verify.reference.inputs import reference_inputs
from verify.tensors.comparison import compare_tensors

NAME = "module_cifar_resnet20"
SCRIPT = Path(__file__).parents[1] / "verify" / "reference" / "module_reference.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a graph, its parameters and MXNet's logits for two images."""
    folder = tmp_path_factory.mktemp("module")
    inputs = folder / "inputs.npz"
    np.savez(inputs, inputs=reference_inputs(find_model(NAME))[:2])
    answered = (find_model(NAME).source.name, "synthetic", inputs, folder / "answer.npz")
    saved = ("--save-params", folder / "net-0000.params", "--save-symbol")
    in_mxnet(SCRIPT, *answered, "--classes", 7, *saved, folder / "net-symbol.json")
    return folder


def logits(folder: Path) -> Any:
    return np.load(folder / "answer.npz")["logits_float32"]


def assert_computes(target: str, folder: Path) -> None:
    import torch

    network = gluonport.load(target)
    with torch.inference_mode():
        found = network(torch.from_numpy(reference_inputs(find_model(NAME))[:2])).numpy()
    assert np.abs(found - logits(folder)).max() < 1e-4 * np.abs(logits(folder)).max()


@pytest.mark.parametrize("source", ["net-0000.params", "net-symbol.json"])
def test_auto_takes_the_table_with_and_without_the_graph(
    written: Path, tmp_path: Path, source: str
) -> None:
    done = convert("auto", tmp_path / "out.safetensors", written / source)
    assert (done.model, done.num_classes, done.naming) == (NAME, 7, "mxnet")
    softmax = [note for note in done.notes if "softmax" in note]
    assert bool(softmax) is source.endswith(".json")
    assert_computes(done.target, written)


def test_a_gamma_that_counts_as_1_is_written_as_1_and_restored_on_the_way_back(
    written: Path, tmp_path: Path
) -> None:
    original = written / "net-0000.params"
    there = convert("auto", tmp_path / "there.safetensors", original)
    tensors = {t.name: t for t in open_checkpoint(there.target).tensors}
    assert (tensors["bn0.weight"].copy() == 1).all()
    assert "1 gamma fixed at 1 (fix_gamma)" in there.notes
    assert compare_tensors(original, there.target).equal
    back = convert(NAME, tmp_path / "back.params", there.target)
    old, new = (
        {t.name: t.copy() for t in open_checkpoint(path).tensors}
        for path in (original, back.target)
    )
    assert old.keys() == new.keys()
    assert all(np.array_equal(old[name], new[name]) for name in old)
    assert not (old["arg:bn_data_gamma"] == 1).all()
    old["arg:bn_data_gamma"] += 1
    write_params(tmp_path / "other.params", old)
    assert not compare_tensors(original, tmp_path / "other.params").equal


def test_a_sagemaker_archive_converts_by_its_table_and_keeps_its_classifiers_name(
    written: Path, tmp_path: Path
) -> None:
    """SageMaker's image classification calls the classifier ``fc``."""
    graph = (written / "net-symbol.json").read_text().replace('"fc1', '"fc')
    (tmp_path / "image-classification-symbol.json").write_text(graph)
    data = (written / "net-0000.params").read_bytes()
    for leaf, length in (("weight", 14), ("bias", 12)):
        old = f"arg:fc1_{leaf}".encode()
        new = f"arg:fc_{leaf}".encode()
        data = data.replace(
            length.to_bytes(8, "little") + old, (length - 1).to_bytes(8, "little") + new
        )
    (tmp_path / "image-classification-0007.params").write_bytes(data)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for path in sorted(tmp_path.glob("image-*")):
            archive.add(path, path.name)
    done = convert("auto", tmp_path / "out.safetensors", tmp_path / "model.tar.gz")
    assert (done.model, done.num_classes) == (NAME, 7)
    assert read_record(Path(done.target), PROVENANCE)["classifier"] == "fc"
    assert_computes(done.target, written)
    back = convert(NAME, tmp_path / "back.params", done.target)
    names = {t.name for t in open_checkpoint(back.target).tensors}
    assert {"arg:fc_weight", "arg:fc_bias"} <= names and "arg:fc1_weight" not in names


CHANGES = {
    "eps": ('"eps": "2e-05"', '"eps": "1e-05"', "has eps 1e-05, and the model has 2e-05"),
    "stride": ('"stride": "(2, 2)"', '"stride": "(1, 1)"', "has stride"),
    "dilate": (
        '"kernel": "(3, 3)", ',
        '"kernel": "(3, 3)", "dilate": "(2, 2)", ',
        "has dilate (2, 2), and the model has (1, 1)",
    ),
    "activation": ('"act_type": "relu"', '"act_type": "tanh"', "takes tanh("),
    "pooling": ('"pool_type": "avg"', '"pool_type": "max"', "takes global max("),
    "gamma": ('"fix_gamma": "True"', '"fix_gamma": "False"', "does not count its gamma as 1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_graph_that_computes_otherwise_is_not_taken_for_the_model(
    written: Path, tmp_path: Path, change: str
) -> None:
    old, new, said = CHANGES[change]
    text = (written / "net-symbol.json").read_text()
    assert old in text
    (tmp_path / "net-symbol.json").write_text(text.replace(old, new))
    os.link(written / "net-0000.params", tmp_path / "net-0000.params")
    done = convert("auto", tmp_path / "out.safetensors", tmp_path / "net-symbol.json")
    assert done.model == "graph"
    assert any(f"names and shapes fit {NAME}" in note and said in note for note in done.notes)
    with pytest.raises(gluonport.GluonportError, match="convert it with 'graph'"):
        convert(NAME, tmp_path / "named.safetensors", tmp_path / "net-symbol.json")
