"""The native network: names, shapes, heads, and every way to compile it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch

from architectures import Model, find_model
from architectures.catalogue.config import ResNetConfig
from architectures.networks.build import build
from architectures.networks.resnet import ResNet
from scripts.make_manifests import manifest
from tests.conftest import every_model
from tests.support.exporting import assert_scripts_and_exports

DIGITS = find_model("gluon_seresnext8_digits")
IMAGES = torch.linspace(-2, 2, 2 * 3 * 64 * 64).sin().reshape(2, 3, 64, 64)

VARIANTS = {
    "seresnext26d_32x4d": ResNetConfig((2, 2, 2, 2), 32, 4, (32, 32, 64), True, True),
    "seresnext26t_32x4d": ResNetConfig((2, 2, 2, 2), 32, 4, (24, 32, 64), True, True),
    "resnext50_32x4d": ResNetConfig((3, 4, 6, 3), 32, 4),
    "resnet50": ResNetConfig((3, 4, 6, 3)),
    "resnet50d": ResNetConfig((3, 4, 6, 3), stem=(32, 32, 64), average_down=True),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_stem_and_shortcut_is_timms_network_of_that_name(name: str) -> None:
    ours, theirs = ResNet(VARIANTS[name]).eval(), timm.create_model(name).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    odd = IMAGES[..., :57, :61]  # maps of odd size meet the padding rules
    with torch.inference_mode():
        assert torch.equal(ours(odd), theirs(odd))


@pytest.mark.parametrize("model", every_model())
def test_packaged_shapes_are_the_networks_own(model: Model) -> None:
    packaged = json.loads(Path("architectures", "manifests", f"{model.name}.json").read_text())
    assert list(packaged.items()) == list(manifest(model).items())
    with torch.device("meta"):
        network = build(model)
    assert model.parameters == sum(p.numel() for p in network.parameters())


def test_head_and_features_compose_and_classes_can_be_changed() -> None:
    network = build(DIGITS).eval()
    with torch.inference_mode():
        features = network.forward_features(IMAGES)
        assert features.shape == (2, 512, 8, 8)
        assert torch.equal(network.forward_head(features), network(IMAGES))
        pooled = network.forward_head(features, pre_logits=True)
        assert torch.allclose(pooled, features.mean((2, 3)), atol=1e-6)
        network.reset_classifier(0)
        assert torch.equal(network(IMAGES), pooled)
        network.double().reset_classifier(7)
        assert network(IMAGES.double()).shape == (2, 7)
    assert network.num_classes == 7
    assert isinstance(network.get_classifier(), torch.nn.Linear)


@pytest.mark.parametrize("depths", [(1,), (1, 1), (1, 2, 1, 1, 1)])
def test_any_number_of_stages_scripts_and_exports_to_the_same_function(
    depths: tuple[int, ...],
) -> None:
    network = ResNet(ResNetConfig(depths, 4, 8, se=True, average_down=True), 5).eval()
    assert_scripts_and_exports(network, IMAGES)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_torch_compile_computes_the_same() -> None:
    network = build(DIGITS).eval()
    with torch.inference_mode():
        assert torch.allclose(torch.compile(network)(IMAGES), network(IMAGES), atol=1e-5)


def test_gradients_reach_every_parameter() -> None:
    network = build(DIGITS, num_classes=4).train()
    network(IMAGES).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
