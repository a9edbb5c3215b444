"""Networks whose classifier is a convolution: fine-tuned with a dense layer, and second of a
process, as real MXNet writes them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

import gluonport
from convert.conversion import convert
from mappings.errors import ReconcileError

SCRIPT = Path(__file__).parent / "support" / "gluon_heads.py"
NETWORKS = ("mobilenetv2_0.25", "mobilenetv3_small", "squeezenet1.1")
pytestmark = pytest.mark.exhaustive  # MXNet writes six networks


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heads")
    command = ["uv", "run", "-q", "--script", str(SCRIPT), str(folder), *NETWORKS]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("network", NETWORKS)
def test_the_second_network_of_a_process_converts_by_its_flat_names(
    network: str, written: Path, tmp_path: Path
) -> None:
    target = tmp_path / "second.safetensors"
    done = convert("auto", target, written / f"{network}.flat.params")
    assert (done.model, done.num_classes) == (f"gluon_{network}", 7)
    with np.load(written / f"{network}.npz") as arrays:
        images, logits = torch.from_numpy(arrays["inputs"]), arrays["logits"]
    with torch.inference_mode():
        found = gluonport.load(str(target))(images).numpy()
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-4 * np.abs(logits).max())


@pytest.mark.parametrize("network", NETWORKS)
def test_a_dense_layer_in_place_of_the_convolution_is_refused(
    network: str, written: Path, tmp_path: Path
) -> None:
    target = tmp_path / "replaced.safetensors"
    with pytest.raises(ReconcileError) as refused:
        convert(f"gluon_{network}", target, written / f"{network}.params")
    said = str(refused.value)
    if network.startswith("squeezenet"):  # whose dense layer sees each place of the map by itself
        assert "does not fit gluon_squeezenet1.1, nor any other model" in said
    else:
        assert "has another classifier: expected one 1x1 convolution" in said
        assert "found output.0.weight (5, 1280), output.0.bias (5,)" in said
    assert not target.exists()
