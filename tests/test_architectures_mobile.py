"""MobileNets and DarkNet: what every network offers, and whose networks they are."""

from __future__ import annotations

from functools import partial

import pytest
import timm
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from architectures import find_model
from architectures.catalogue.config import NetworkConfig
from architectures.catalogue.darknet_config import DarkNetConfig
from architectures.catalogue.mobilenet_config import (
    MobileBlock,
    MobileNetConfig,
    MobileNetV3Config,
)
from architectures.networks.build import build, build_network
from architectures.networks.darknet import SLOPE
from architectures.networks.network import Network
from tests.support.exporting import assert_scripts_and_exports

IMAGES = torch.linspace(-2, 2, 2 * 3 * 61 * 57).sin().reshape(2, 3, 61, 57)

NETWORKS: dict[str, NetworkConfig] = {
    "v1": MobileNetConfig(
        8, ((MobileBlock(16, 2, activation="relu", activates_out=True),),), "relu"
    ),
    "v2": MobileNetConfig(
        8,
        ((MobileBlock(6),), (MobileBlock(12, 2, 24), MobileBlock(12, 1, 36))),
        "relu6",
        head=20,
        bias=False,
    ),
    "v3": MobileNetV3Config(
        (
            (MobileBlock(8, squeeze=4, activation="relu"),),
            (MobileBlock(12, 2, 24, 5, 8, "hard_swish"),),
        ),
        last=20,
        stem=8,
        head=24,
    ),
    "DarkNet": DarkNetConfig((1, 2), (8, 16, 32)),
}
every_network = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)


class Called(TorchFunctionMode):
    """The names of PyTorch's functions that were called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore
        self.names.add(function.__name__)
        return function(*args, **(kwargs or {}))


def test_hard_activations_are_exact_on_every_device() -> None:
    """PyTorch's own ones multiply by a float32 sixth on a GPU, in float64 too: 9e-6 in a logit."""
    with Called() as called:
        randomised(build_network(NETWORKS["v3"], 10))(IMAGES.double())
    assert "relu6" in called.names
    assert not {"hardswish", "hardsigmoid"} & called.names


def randomised(network: nn.Module) -> nn.Module:
    """The network with its norms, too, away from what they are initialised to; in float64."""
    torch.manual_seed(6)
    for values in network.state_dict().values():
        if values.is_floating_point() and values.ndim == 1:
            values.uniform_(0.4, 0.9)
    return network.double().eval()


@every_network
def test_head_and_features_compose_and_classes_can_be_changed(config: NetworkConfig) -> None:
    network = build_network(config, 5).eval()
    assert network.classifier_name == config.classifier
    with torch.inference_mode():
        features = network.forward_features(IMAGES)
        assert features.shape[:2] == (2, network.num_features)
        assert torch.equal(network.forward_head(features), network(IMAGES))
        given = network.forward_head(features, pre_logits=True)
        assert torch.equal(network.get_classifier()(given), network(IMAGES))
        network.reset_classifier(0)
        assert torch.equal(network(IMAGES), given)
        network.double().reset_classifier(7)
        assert network(IMAGES.double()).shape == (2, 7)
    assert network.num_classes == 7
    classifier = network.get_classifier()
    assert isinstance(classifier, nn.Linear)
    assert (classifier.bias is None) is (config is NETWORKS["v2"])


@every_network
def test_scripts_and_exports_to_the_same_function(config: NetworkConfig) -> None:
    network = build_network(config, 5).eval()
    assert_scripts_and_exports(network, IMAGES)


@every_network
def test_gradients_reach_every_parameter(config: NetworkConfig) -> None:
    network = build_network(config, 4).train()
    network(IMAGES).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@every_network
def test_other_images_than_rgb_are_taken(config: NetworkConfig) -> None:
    network = build_network(config, 3, in_chans=1).eval()
    with torch.inference_mode():
        assert network(IMAGES[:, :1]).shape == (2, 3)


def assert_timm_computes(ours: Network, theirs: nn.Module, missing: list[str]) -> None:
    randomised(ours)
    found = theirs.double().eval().load_state_dict(ours.state_dict(), strict=False)
    assert found.missing_keys == missing and not found.unexpected_keys
    with torch.inference_mode():
        for parameter in missing:
            theirs.get_parameter(parameter).zero_()
        expected = ours(IMAGES.double())
        torch.testing.assert_close(theirs(IMAGES.double()), expected, rtol=1e-11, atol=1e-11)


def test_timms_mobilenet_v2_is_gluons_with_a_bias_of_zero() -> None:
    """Gluon's classifier has no bias, so the state dict does not load strictly."""
    ours, theirs = (
        build(find_model("mobilenetv2_1.0"), 7),
        timm.create_model("mobilenetv2_100", num_classes=7),
    )
    assert_timm_computes(ours, theirs, ["classifier.bias"])


@pytest.mark.exhaustive
def test_timms_darknet_is_gluons_with_another_slope() -> None:
    """timm's activations have a slope of 0.01 below 0, Gluon's 0.1."""
    slope = partial(nn.LeakyReLU, negative_slope=SLOPE)
    theirs = timm.create_model("darknet53", num_classes=7, act_layer=slope)
    assert_timm_computes(build(find_model("darknet53"), 7), theirs, [])
