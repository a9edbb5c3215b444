"""HRNet, DLA and the aligned Xception: what they share with timm's networks, and what not."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import pytest
import timm
import torch
from torch import Tensor, nn

from architectures import MODELS, Model, find_model
from architectures.catalogue.hrnet_config import HRNetConfig
from architectures.networks.build import build
from architectures.networks.hrnet import BranchTransition, Fuse

IMAGES = torch.linspace(-2, 2, 2 * 3 * 64 * 96).sin().reshape(2, 3, 64, 96)
HRNETS = [model for model in MODELS if isinstance(model.network, HRNetConfig)]
SMALLEST = HRNETS[0]


def ours(model: Model) -> nn.Module:
    """The network in float64, with norms away from what they are initialised to."""
    torch.manual_seed(5)
    network = build(model)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    tensor.uniform_(0.5, 0.9) if name != "bias" else tensor.uniform_(-0.3, 0.3)
    return network.double().eval()


def logits(network: nn.Module) -> Tensor:
    with torch.inference_mode():
        return network(IMAGES.double())


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def timms(name: str) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timm.create_model(name).double().eval()


@pytest.mark.parametrize(
    "model",
    [SMALLEST, *(pytest.param(model, marks=pytest.mark.exhaustive) for model in HRNETS[1:])],
    ids=lambda model: model.name,
)
def test_names_and_shapes_of_every_hrnet_are_timms(model: Model) -> None:
    assert model.client is not None
    with torch.device("meta"):
        theirs = timm.create_model(model.client.timm).state_dict()
    assert model.sized() == shapes(theirs)


@pytest.mark.parametrize(
    "model",
    [SMALLEST, *(pytest.param(model, marks=pytest.mark.exhaustive) for model in HRNETS[1:3])],
    ids=lambda model: model.name,
)
def test_hrnet_loads_strictly_into_timm_and_computes_the_same(model: Model) -> None:
    assert model.client is not None
    network, theirs = ours(model), timms(model.client.timm)
    theirs.load_state_dict(network.state_dict(), strict=True)
    assert torch.equal(logits(network), logits(theirs))


def test_timms_dla34_has_the_same_levels_and_another_classifier() -> None:
    network, theirs = ours(find_model("dla34")), timms("dla34")
    state = network.state_dict()
    assert state["fc.weight"].shape == (1000, 1008)
    assert theirs.state_dict()["fc.weight"].shape == (1000, 512, 1, 1)
    left = theirs.load_state_dict({n: t for n, t in state.items() if n[:3] != "fc."}, strict=False)
    assert (left.missing_keys, left.unexpected_keys) == (["fc.weight", "fc.bias"], [])
    with torch.inference_mode():
        last = network.forward_maps(IMAGES.double())[-1]
        assert torch.equal(last, theirs.forward_features(IMAGES.double()))


@pytest.mark.exhaustive
def test_timms_xception65_computes_otherwise() -> None:
    """Its norms have another epsilon, and the second block's shortcut begins before the ReLU."""
    theirs = timms("xception65")
    assert {m.eps for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}
    network = build(find_model("xception"))
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-5}
    first = theirs.blocks[0](-torch.ones(1, 64, 8, 8, dtype=torch.float64))
    assert (first < 0).any()  # timm's second block takes this, GluonCV's takes its ReLU
    assert find_model("xception").client is None


def test_xception_begins_its_second_block_after_a_relu() -> None:
    network, taken = ours(find_model("xception")), []
    network.block2.register_forward_hook(lambda module, inputs, output: taken.append(inputs[0]))
    logits(network)
    assert (taken[0] >= 0).all() and (taken[0] == 0).any()


def test_fusing_enlarges_by_the_nearest_pixel_and_sums_in_the_branches_order() -> None:
    fuse = Fuse(0, (4, 8)).eval()
    nn.init.ones_(fuse.get_submodule("1.0").weight)
    fuse.get_submodule("1.1").eps = 0.0
    branches = [torch.zeros(1, 4, 4, 4), torch.arange(4.0).reshape(1, 1, 2, 2).expand(1, 8, 2, 2)]
    with torch.inference_mode():
        found = fuse(branches)[0, 0]
    rows = [[0, 0, 8, 8], [0, 0, 8, 8], [16, 16, 24, 24], [16, 16, 24, 24]]
    assert torch.equal(found, torch.tensor(rows, dtype=torch.float32))


def test_a_new_branch_is_made_from_the_last_one() -> None:
    made = BranchTransition((4, 8), (4, 8, 16)).eval()(
        [torch.ones(1, 4, 8, 8), torch.ones(1, 8, 4, 4)]
    )
    assert [tuple(branch.shape[1:]) for branch in made] == [(4, 8, 8), (8, 4, 4), (16, 2, 2)]


@pytest.mark.parametrize(
    "name",
    [
        "dla34",
        *(
            pytest.param(n, marks=pytest.mark.exhaustive)
            for n in ("hrnet_w18_small_v1_c", "xception")
        ),
    ],
)
def test_a_network_gives_features_and_takes_another_classifier(name: str) -> None:
    network = build(find_model(name), num_classes=0, in_chans=4).eval()
    images = torch.ones(1, 4, 64, 64)
    with torch.inference_mode():
        features = network(images)
        assert features.shape == (1, network.num_features)
        network.reset_classifier(7)
        assert network(images).shape == (1, 7)
        assert torch.equal(network.forward_head(network.forward_features(images), True), features)
    assert isinstance(network.get_classifier(), nn.Linear)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["hrnet_w18_small_v1_c", "dla34"])
def test_lists_of_maps_can_be_scripted(name: str) -> None:
    network = ours(find_model(name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and people still use it
        scripted = torch.jit.script(network)
    torch.testing.assert_close(logits(scripted), logits(network), rtol=1e-12, atol=1e-12)
