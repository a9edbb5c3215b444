"""Files that real MXNet wrote, converted, compute what MXNet computes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import load_file

import gluonport
from architectures import find_model
from tests.conftest import GluonCheckpoints

Gluon = Callable[..., GluonCheckpoints]

SIX = [
    "gluon_resnext50_32x4d",
    "gluon_resnext101_32x4d",
    "gluon_resnext101_64x4d",
    "gluon_seresnext50_32x4d",
    "gluon_seresnext101_32x4d",
    "gluon_seresnext101_64x4d",
]
SCHEMES = {
    "structural": "structural",
    "prefixed": "prefixed",
    "stripped": "stripped",
    "user-prefix": "prefixed",
    "syncbatchnorm": "prefixed",
    "batchnormcudnnoff": "prefixed",
    "transplanted": "prefixed",
    "replaced-head": "prefixed",
    "outside-head": "prefixed",
    "export": "export",
    "module": "export",
    "moving": "prefixed",
    "mixed-moving": "prefixed",
    "shuffled": "structural",
}


def logits(network: torch.nn.Module, inputs: Any) -> Any:
    with torch.inference_mode():
        return network.eval()(torch.from_numpy(inputs)).numpy()


def agree(found: Any, expected: Any, tolerance: float = 1e-4) -> bool:
    assert found.shape == expected.shape and np.ptp(expected) > 0.5
    return bool(np.abs(found - expected).max() <= tolerance)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.exhaustive if "101" in name else ()) for name in SIX],
)
def test_the_six_load_strictly_everywhere_and_agree_with_mxnet(
    name: str, gluon: Gluon, tmp_path: Path
) -> None:
    written = gluon(find_model(name).source.name, "structural")
    done = gluonport.convert(name, tmp_path / "out.safetensors", written.file())
    shutil.rmtree(written.folder)  # 100 to 354 MB each; another test has them written again
    assert (done.num_classes, done.synthetic, done.naming) == (1000, False, "structural")
    weights = load_file(done.target)
    ours = gluonport.create_model(name, done.target)
    assert agree(logits(ours, written.inputs), written.logits)
    theirs = timm.create_model(name.removeprefix("gluon_"))
    theirs.load_state_dict(weights, strict=True)
    assert agree(logits(theirs, written.inputs), written.logits)
    if "seresnext" not in name:
        network = find_model(name).network
        third = torchvision.models.ResNet(
            torchvision.models.resnet.Bottleneck,
            list(network.depths),
            groups=network.cardinality,
            width_per_group=network.base_width,
        )
        third.load_state_dict(weights, strict=True)
        assert agree(logits(third, written.inputs), written.logits)


@pytest.mark.parametrize(
    "network",
    [
        "seresnext8_digits",
        "seresnext8_digits-tuned",
        pytest.param("resnext50_32x4d-tuned", marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_naming_scheme_is_recognised_and_gives_the_same_logits(
    network: str, scheme: str, gluon: Gluon, tmp_path: Path
) -> None:
    written = gluon(network)
    done = gluonport.convert("auto", tmp_path / "out.safetensors", written.file(scheme))
    assert done.naming == SCHEMES[scheme]
    assert done.num_classes == written.logits.shape[1]
    assert find_model(done.model).source.name == network.removesuffix("-tuned")
    found = logits(gluonport.create_model(done.model, done.target), written.inputs)
    assert agree(found, written.logits)


def test_a_float16_cast_widens_exactly(gluon: Gluon, tmp_path: Path) -> None:
    from convert.formats import open_checkpoint

    written = gluon("seresnext8_digits")
    source = written.file("float16")
    done = gluonport.convert("auto", tmp_path / "out.safetensors", source)
    found = load_file(done.target)
    table = find_model(done.model).table
    tensors = {tensor.name: tensor for tensor in open_checkpoint(source).tensors}
    assert {tensor.dtype for tensor in tensors.values()} == {"float16", "float32"}
    for name, target in table.targets.items():
        assert np.array_equal(found[target].numpy(), tensors[name].array().astype(np.float32))
    assert agree(
        logits(gluonport.create_model(done.model, done.target), written.inputs), written.logits, 0.1
    )
