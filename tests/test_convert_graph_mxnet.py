"""Graphs that MXNet wrote, with their parameters as MXNet's users have them, convert and agree."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from convert.conversion import convert
from convert.formats import open_checkpoint
from tests.support.mxnet_scripts import in_mxnet
from tests.support.params_writer import dense, params
from verify.parity.graphs.converted_graph import open_converted_graph
from verify.parity.graphs.graph_proof import verify_graph

SUPPORT = Path(__file__).parent / "support" / "sagemaker_artefacts.py"
EXPORT = Path(__file__).parents[1] / "scripts" / "export_zoo.py"
SIZE = {"data": (1, 3, 64, 96)}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with archives as SageMaker's algorithms leave them."""
    folder = tmp_path_factory.mktemp("sagemaker")
    in_mxnet(SUPPORT, folder)
    return folder


@pytest.mark.parametrize("kind", ["classification", "detection"])
def test_the_archive_of_a_sagemaker_algorithm_converts_and_agrees(
    archives: Path, tmp_path: Path, kind: str
) -> None:
    archive, out = archives / f"{kind}.tar.gz", tmp_path / "network.safetensors"
    done = convert("auto", out, archive)
    assert done.model == "graph"
    assert any("fix_gamma" in note for note in done.notes)
    with tarfile.open(archive) as members:
        members.extractall(tmp_path / "members", filter="data")
    converted = open_converted_graph(out, tmp_path / "members", SIZE, needs_symbol=True)
    parity = verify_graph(converted, "live", SIZE)
    assert parity.passed, parity.failure()


def test_the_training_graph_of_a_detector_keeps_its_label_as_an_input(
    archives: Path, tmp_path: Path
) -> None:
    out = tmp_path / "network.safetensors"
    convert("auto", out, archives / "training.tar.gz")
    inputs = json.loads((tmp_path / "network.provenance.json").read_text())["inputs"]
    assert set(inputs) == {"data", "label"}


@pytest.mark.exhaustive
def test_structural_names_give_the_same_network_and_the_same_answers(tmp_path: Path) -> None:
    """``save_parameters`` beside the graph of ``export``: the same values as by ``export``."""
    name = "mxnet-mobilenetv2_0.25"
    in_mxnet(EXPORT, tmp_path, name, "--params")
    structural = json.loads((tmp_path / f"{name}.json").read_text())["structural"]
    exported = tmp_path / f"{name}-0000.params"
    arrays = {tensor.name[4:]: tensor.copy() for tensor in open_checkpoint(exported).tensors}
    saved = tmp_path / "saved.params"
    records = [dense(arrays[flat]) for flat in structural.values()]
    saved.write_bytes(params(records, list(structural)))

    symbol, by_graph, by_save = f"{name}-symbol.json", tmp_path / "a", tmp_path / "b"
    convert("graph", by_graph.with_suffix(".safetensors"), tmp_path / symbol, params=exported)
    done = convert("graph", by_save.with_suffix(".safetensors"), tmp_path / symbol, params=saved)
    assert any("structural names paired" in note for note in done.notes)
    first, second = (path.with_suffix(".safetensors").read_bytes() for path in (by_graph, by_save))
    assert first == second

    exported.unlink()
    out = by_save.with_suffix(".safetensors")
    converted = open_converted_graph(out, tmp_path, SIZE, needs_symbol=True)
    parity = verify_graph(converted, "live", SIZE)
    assert parity.passed, parity.failure()

    back = tmp_path / "back.params"
    convert("graph", back, out)
    assert back.read_bytes() == saved.read_bytes()
    assert np.array_equal(
        open_checkpoint(back).tensors[0].copy(), open_checkpoint(saved).tensors[0].copy()
    )
