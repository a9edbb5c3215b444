"""The options that the zoo's networks are built with: what a file tells of them, and a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import gluonport
from convert.conversion import convert
from mappings.errors import ReconcileError
from tests.support.mxnet_scripts import in_mxnet

pytestmark = pytest.mark.exhaustive  # MXNet writes thirteen networks, and each is converted twice

SCRIPT = Path(__file__).parent / "support" / "gluon_options.py"
TOLD = {
    "plain": "gluon_resnet18_v1b",
    "final_drop": "gluon_resnet18_v1b",
    "last_gamma": "gluon_resnet18_v1b",
    "sync": "gluon_resnet18_v1b",
    "use_se": "gluon_se_resnet18_v1",
    "thumbnail_v1": "gluon_resnet18_v1_thumbnail",
    "thumbnail_v2": "gluon_resnet18_v2_thumbnail",
    "as_v1d": "gluon_resnet50_v1d",
}
"""Each case whose parameters and graph tell the model."""
UNTOLD = {"dilated": "has stride (1, 1), and the model has (2, 2)", "epsilon": "has eps 0.001"}
"""Each case whose parameters are those of another network, and what its graph tells."""
UNKNOWN = ("deep_stem", "avg_down")
"""Cases that are no model: the parameters are refused, and the graph converts."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    in_mxnet(SCRIPT, folder)
    return folder


def apart(target: str, answers: Path) -> float:
    """How far the converted network's logits are from MXNet's, as a share of the largest."""
    with np.load(answers) as arrays:
        images, logits = torch.from_numpy(arrays["inputs"]), arrays["logits"]
    with torch.inference_mode():
        found = gluonport.load(target)(images).numpy()
    return float(np.abs(found - logits).max() / np.abs(logits).max())


@pytest.mark.parametrize("case", TOLD)
def test_what_the_file_tells_is_recognised_with_and_without_the_graph(
    case: str, written: Path, tmp_path: Path
) -> None:
    for number, source in enumerate((written / f"{case}.params", written / case)):
        done = convert("auto", tmp_path / f"{number}.safetensors", source)
        assert (done.model, done.num_classes) == (TOLD[case], 7)
        assert apart(done.target, written / f"{case}.npz") < 1e-4


@pytest.mark.parametrize("case", UNTOLD)
def test_what_only_the_graph_tells_is_said_without_it_and_kept_with_it(
    case: str, written: Path, tmp_path: Path
) -> None:
    alone = convert("auto", tmp_path / "alone.safetensors", written / f"{case}.params")
    assert alone.model == "gluon_resnet18_v1b"
    assert any("do not tell dilated=True" in note for note in alone.notes)
    assert apart(alone.target, written / f"{case}.npz") > 1e-4
    whole = convert("auto", tmp_path / "whole.safetensors", written / case)
    assert whole.model == "graph"
    assert any(UNTOLD[case] in note for note in whole.notes)
    assert apart(whole.target, written / f"{case}.npz") < 1e-4


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_combination_that_is_no_model_converts_by_its_graph(
    case: str, written: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReconcileError, match="fits no model"):
        convert("auto", tmp_path / "alone.safetensors", written / f"{case}.params")
    whole = convert("auto", tmp_path / "whole.safetensors", written / case)
    assert whole.model == "graph"
    assert apart(whole.target, written / f"{case}.npz") < 1e-4
