"""The way back: PyTorch to ``.params`` that real MXNet and GluonCV load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import gluonport
from convert.formats import Array, open_checkpoint
from mappings.errors import GluonportError
from tests.conftest import GluonCheckpoints
from tests.support.mxnet_scripts import in_mxnet

Gluon = Callable[..., GluonCheckpoints]
SCRIPT = Path(__file__).parent / "support" / "gluon_loads.py"


def mxnet_logits(network: str, classes: int, file: Path, written: GluonCheckpoints) -> Array:
    out = file.with_suffix(".npy")
    in_mxnet(SCRIPT, network, classes, file, written.folder / f"{written.network}.npz", out)
    logits: Array = np.load(out)
    return logits


@pytest.mark.parametrize(
    "network",
    [
        "seresnext8_digits",
        pytest.param("resnext50_32x4d-tuned", marks=pytest.mark.exhaustive),
    ],
)
def test_there_and_back_gives_the_same_bytes_and_logits(
    network: str, gluon: Gluon, tmp_path: Path
) -> None:
    written = gluon(network)
    original = written.file("structural")
    there = gluonport.convert("auto", tmp_path / "there.safetensors", original)
    back = gluonport.convert(there.model, tmp_path / "back.params", there.target)
    assert Path(back.target).read_bytes() == original.read_bytes()
    logits = mxnet_logits(
        network.removesuffix("-tuned"), back.num_classes, Path(back.target), written
    )
    assert np.array_equal(logits, written.logits)


def test_exported_names_load_into_module_and_symbolblock(gluon: Gluon, tmp_path: Path) -> None:
    written = gluon("seresnext8_digits")
    back = gluonport.convert(
        "auto", tmp_path / "back.params", written.file("structural"), naming="export"
    )
    names = {tensor.name for tensor in open_checkpoint(back.target).tensors}
    assert names == {tensor.name for tensor in open_checkpoint(written.file("export")).tensors}
    logits = mxnet_logits("seresnext8_digits", 10, Path(back.target), written)
    assert np.allclose(logits, written.logits, atol=1e-5)


def test_a_model_tuned_in_pytorch_deploys_in_gluon(gluon: Gluon, tmp_path: Path) -> None:
    written = gluon("seresnext8_digits")
    network = gluonport.create_model("gluon_seresnext8_digits", num_classes=3).eval()
    save_file(network.state_dict(), tmp_path / "tuned.safetensors")
    back = gluonport.convert("auto", tmp_path / "back.params", tmp_path / "tuned.safetensors")
    assert back.num_classes == 3
    with torch.inference_mode():
        expected = network(torch.from_numpy(written.inputs)).numpy()
    logits = mxnet_logits("seresnext8_digits", 3, Path(back.target), written)
    assert np.allclose(logits, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["seresnext50_32x4d", "seresnet50_8xb32_in1k"])
def test_a_network_gluoncv_does_not_have_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(GluonportError, match=f"{name} comes from .* GluonCV has no such network"):
        gluonport.convert(name, tmp_path / "out.params", "synthetic")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_every_precision_can_be_written_and_read_again(dtype: str, tmp_path: Path) -> None:
    done = gluonport.convert("gluon_seresnext8_digits", tmp_path / "a.params", dtype=dtype)  # type: ignore[arg-type]
    assert {tensor.dtype for tensor in open_checkpoint(done.target).tensors} == {dtype}
    there = gluonport.convert("auto", tmp_path / "b.safetensors", done.target, dtype="keep")
    again = gluonport.convert(
        "gluon_seresnext8_digits",
        tmp_path / "c.safetensors",
        dtype=dtype,  # type: ignore[arg-type]
    )
    assert there.target_sha256 == again.target_sha256
