"""A checkpoint of each further family, as MXNet wrote it: found, converted, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import gluonport
from architectures import find_model
from convert.conversion import convert
from convert.formats import Array, open_checkpoint
from tests.conftest import GluonCheckpoints

Gluon = Callable[..., GluonCheckpoints]

SCHEMES = ("structural", "prefixed", "stripped", "export")
SOME = ["cifar_resnet20_v2", "resnest14", "mobilenetv2_0.25"]
OTHERS = [
    "resnet18_v2",
    "resnet50_v2",
    "se_resnet18_v2",
    "se_resnet50_v2",
    "resnest101",
    "cifar_resnet20_v1",
    "cifar_wideresnet16_10",
    "cifar_resnext29_32x4d",
    "mobilenet0.25",
    "mobilenetv3_small",
    "darknet53",
]


def arrays(file: str | Path) -> dict[str, Array]:
    return {tensor.name: tensor.array() for tensor in open_checkpoint(file).tensors}


def assert_there_and_back(network: str, gluon: Gluon, folder: Path) -> None:
    written = gluon(network, *SCHEMES)
    for scheme in SCHEMES:
        original, there = written.file(scheme), folder / f"{scheme}.safetensors"
        done = convert("auto", there, original)
        found = find_model(done.model)
        assert found.source.name == network
        expected = "stripped" if scheme == "prefixed" and not found.flat_prefix else scheme
        assert done.naming == expected  # MobileNetV3 has no prefix
        model = gluonport.create_model(done.model, there)
        with torch.inference_mode():
            logits = model(torch.from_numpy(written.inputs)).numpy()
        scale = np.abs(written.logits).max()
        assert np.ptp(written.logits) > 0.1 * scale > 0
        assert np.abs(logits - written.logits).max() <= 2e-5 * scale

    first = folder / "structural.safetensors"
    back = convert(done.model, folder / "back.params", first)
    assert Path(back.target).read_bytes() == written.file("structural").read_bytes()
    exported = convert(done.model, folder / "exported.params", first, naming="export")
    ours, theirs = arrays(exported.target), arrays(written.file("export"))
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("network", SOME)
def test_every_naming_is_found_computes_mxnets_logits_and_comes_back(
    network: str, gluon: Gluon, tmp_path: Path
) -> None:
    assert_there_and_back(network, gluon, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("network", OTHERS)
def test_the_other_families_are_found_compute_mxnets_logits_and_come_back(
    network: str, gluon: Gluon, tmp_path: Path
) -> None:
    assert_there_and_back(network, gluon, tmp_path)
