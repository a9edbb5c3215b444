"""What every network offers, for each kind that is no ``ResNet``, in its smallest form."""

from __future__ import annotations

import pytest
import torch

from architectures.catalogue.cifar_config import CifarConfig
from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.preactivation_config import PreActivationConfig
from architectures.catalogue.resnest_config import ResNeStConfig
from architectures.networks.build import build_network
from tests.support.exporting import assert_scripts_and_exports

IMAGES = torch.linspace(-2, 2, 2 * 3 * 61 * 57).sin().reshape(2, 3, 61, 57)

NETWORKS: dict[str, NetworkConfig] = {
    "v2, basic": PreActivationConfig((1, 2), (16, 16, 32)),
    "v2, bottleneck, SE": PreActivationConfig((1, 2), (16, 32, 64), bottleneck=True, se=True),
    "v2, CIFAR": PreActivationConfig((1, 2), (8, 8, 16), stem="cifar", raw_shortcut=True),
    "v2, wide": PreActivationConfig((2, 1), (8, 16, 32), stem="wide"),
    "ResNeSt": ResNeStConfig((1, 1, 2), dropout=0.2, drop_block=0.1),
    "CIFAR, basic": CifarConfig((1, 2), stem=(8,), block="basic", planes=8),
    "CIFAR, bottleneck": CifarConfig((1, 2), 4, 8),
}
every_network = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)


@every_network
def test_head_and_features_compose_and_classes_can_be_changed(config: NetworkConfig) -> None:
    network = build_network(config, 5).eval()
    with torch.inference_mode():
        features = network.forward_features(IMAGES)
        assert features.shape[:2] == (2, network.num_features)
        assert torch.equal(network.forward_head(features), network(IMAGES))
        pooled = network.forward_head(features, pre_logits=True)
        assert torch.allclose(pooled, features.mean((2, 3)), atol=1e-6)
        network.reset_classifier(0)
        assert torch.equal(network(IMAGES), pooled)
        network.double().reset_classifier(7)
        assert network(IMAGES.double()).shape == (2, 7)
    assert network.num_classes == 7
    assert isinstance(network.get_classifier(), torch.nn.Linear)


@pytest.mark.exhaustive
@every_network
def test_scripts_and_exports_to_the_same_function(config: NetworkConfig) -> None:
    network = build_network(config, 5).eval()
    assert_scripts_and_exports(network, IMAGES)


@every_network
def test_gradients_reach_every_parameter_that_is_trained(config: NetworkConfig) -> None:
    network = build_network(config, 4).train()
    network(IMAGES).square().sum().backward()
    fixed = {name for name, p in network.named_parameters() if not p.requires_grad}
    assert fixed <= {"bn0.weight", "bn0.bias"}
    for name, parameter in network.named_parameters():
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached is (name not in fixed), name


@every_network
def test_other_images_than_rgb_are_taken(config: NetworkConfig) -> None:
    network = build_network(config, 3, in_chans=1).eval()
    with torch.inference_mode():
        assert network(IMAGES[:, :1]).shape == (2, 3)
