"""The residual family of the Gluon zoo is timm's and torchvision's, where they have it."""

from __future__ import annotations

import warnings

import pytest
import timm
import torch
import torchvision
from torch import nn

from architectures import Model, find_model
from architectures.catalogue.config import ResNetConfig
from architectures.networks.build import build
from architectures.networks.resnet import ResNet
from architectures.networks.resnet_v1 import BottleneckV1
from tests.conftest import smallest
from verify.parity.compare import load, synthetic_state

IMAGES = torch.linspace(-2, 2, 2 * 3 * 57 * 61).sin().reshape(2, 3, 57, 61)  # odd maps meet padding

TIMM = {
    **{f"gluon_resnet{depth}_v1b": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    **{
        f"gluon_resnet{depth}_v1{letter}": f"resnet{depth}{letter}"
        for letter in "cds"
        for depth in (50, 101, 152)
    },
    "gluon_resnet50_v1b_gn": "resnet50_gn",
    "gluon_senet154": "senet154",
}
SMALL = ["gluon_resnet18_v1b", "gluon_resnet50_v1c", "gluon_resnet50_v1d", "gluon_resnet50_v1s"]
SMALL += ["gluon_resnet50_v1b_gn"]
LARGE = [name for name in TIMM if name not in (*SMALL, "gluon_senet154")]


def ours(model: Model) -> nn.Module:
    """The network with norms away from what they are initialised to."""
    network = build(model)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    tensor.uniform_(0.5, 0.9) if name != "bias" else tensor.uniform_(-0.3, 0.3)
    return network.eval()


def assert_the_same(one: nn.Module, other: nn.Module) -> None:
    with torch.inference_mode():
        assert torch.equal(one(IMAGES), other(IMAGES))


@pytest.mark.parametrize("name", TIMM)
def test_names_and_shapes_are_timms(name: str) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(TIMM[name])
    assert find_model(name).sized() == {
        key: tuple(t.shape) for key, t in theirs.state_dict().items()
    }


@pytest.mark.parametrize(
    "name", [*SMALL, *(pytest.param(name, marks=pytest.mark.exhaustive) for name in LARGE)]
)
def test_weights_load_strictly_into_timm_and_compute_the_same(name: str) -> None:
    network, theirs = ours(find_model(name)), timm.create_model(TIMM[name]).eval()
    theirs.load_state_dict(network.state_dict(), strict=True)
    assert_the_same(network, theirs)


@pytest.mark.exhaustive
def test_timms_senet154_pads_a_max_pool_that_gluoncvs_does_not() -> None:
    model = find_model("gluon_senet154")
    network, theirs = load(model, synthetic_state(model), 1000), timm.create_model("senet154")
    theirs.eval()
    theirs.load_state_dict(network.state_dict(), strict=True)
    with torch.inference_mode():
        assert not torch.allclose(network(IMAGES), theirs(IMAGES), rtol=1e-3)
    theirs.maxpool = nn.MaxPool2d(3, 2, ceil_mode=True)
    assert_the_same(network, theirs)


@pytest.mark.parametrize(
    "depth",
    [18, 50, *(pytest.param(depth, marks=pytest.mark.exhaustive) for depth in (34, 101, 152))],
)
def test_v1b_loads_strictly_into_torchvision_and_computes_the_same(depth: int) -> None:
    network = ours(find_model(f"gluon_resnet{depth}_v1b"))
    theirs = torchvision.models.get_model(f"resnet{depth}", weights=None).eval()
    theirs.load_state_dict(network.state_dict(), strict=True)
    assert_the_same(network, theirs)


def test_a_bottleneck_of_v1_strides_and_has_biases_in_its_1x1_convolutions() -> None:
    block = build(find_model("gluon_resnet50_v1")).get_submodule("layer2.0")
    assert isinstance(block, BottleneckV1)
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))
    assert [conv.bias is None for conv in (block.conv1, block.conv2, block.conv3)] == [0, 1, 0]


def test_a_pruned_network_has_the_widths_it_is_given() -> None:
    widths = (((5, 7, 8),), ((3, 4, 12), (6, 2, 12)))
    network = ResNet(ResNetConfig((1, 2), stem=(9,), average_down=True, pruned=widths), 10)
    shapes = {name: tuple(tensor.shape[:2]) for name, tensor in network.state_dict().items()}
    assert shapes["layer1.0.conv2.weight"] == (7, 5)
    assert shapes["layer2.0.downsample.1.weight"] == (12, 8)
    assert shapes["layer2.1.conv1.weight"] == (6, 12) and shapes["fc.weight"] == (10, 12)
    assert network(IMAGES).shape == (2, 10)


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", smallest().values(), ids=lambda model: model.family.name)
def test_every_family_scripts_traces_and_exports_to_the_same_function(model: Model) -> None:
    network = ours(model)
    side = model.input_size if model.network.windowed else 64  # a multiple of 32, as for HRNet
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and people still use it
        expected = network(image)
        for made in (
            torch.jit.script(network),
            torch.jit.trace(network, image),
            torch.export.export(network, (image,)).module(),
        ):
            torch.testing.assert_close(made(image), expected, rtol=1e-4, atol=1e-5)
