"""The maps of a network used as a backbone: those of timm, and of what follows in the network."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

import gluonport
from architectures import Model, find_model
from architectures.networks.build import build
from architectures.networks.features import FeatureNetwork, chosen_indices
from tests.conftest import smallest

SIZE = 96
"""Sides of the images: a multiple of 32, so that every map is the image's sides over its stride."""

TIMM: dict[str, tuple[str, dict[str, Any]]] = {
    "gluon_resnet18_v1b": ("resnet18", {}),
    "gluon_resnet50_v1d": ("resnet50d", {}),
    "gluon_resnet50_v1s": ("resnet50s", {}),
    "gluon_seresnext50_32x4d": ("seresnext50_32x4d", {}),
    "seresnext26t_32x4d": ("seresnext26t_32x4d", {}),
    "gluon_resnest14": ("resnest14d", {}),
    "gluon_vgg11_bn": ("vgg11_bn", {}),
    "gluon_vgg16": ("vgg16", {}),
    "gluon_densenet121": ("densenet121", {}),
    "gluon_inception_v3": ("inception_v3", {}),
    "gluon_mobilenet1.0": ("mobilenetv1_100", {"act_layer": "relu"}),
    "gluon_mobilenetv2_1.0": ("mobilenetv2_100", {}),
    "gluon_mobilenetv3_large": ("mobilenetv3_large_100", {"head_bias": False}),
    "gluon_darknet53": ("darknet53", {"act_layer": partial(nn.LeakyReLU, negative_slope=0.1)}),
    "gluon_dla34": ("dla34", {}),
    "gluon_hrnet_w18_small_v1_c": ("hrnet_w18_small", {}),
}
"""The same network in timm. VGG's dense layers and GluonCV's own heads are left out with the head.
"""
QUICK = ("gluon_resnet18_v1b", "gluon_mobilenet1.0", "gluon_resnest14")


def images(size: int = SIZE) -> Tensor:
    return torch.linspace(-2, 2, 2 * 3 * size * size).sin().reshape(2, 3, size, size)


def timms(name: str, **options: Any) -> nn.Module:
    """timm's network of the same weights as ours of this name."""
    theirs, settings = TIMM[name]
    return timm.create_model(theirs, **settings, **options).eval()


def shuffled(network: nn.Module) -> nn.Module:
    """The network with running statistics that no fresh network has."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_var is not None:
            module.running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def gives_timms_maps(name: str) -> None:
    ours = shuffled(gluonport.create_model(name, features_only=True)).double()
    theirs = timms(name, features_only=True).double()
    weights = ours.state_dict()
    if weights.keys() != theirs.state_dict().keys():  # timm's may have other names there
        weights = dict(zip(theirs.state_dict(), weights.values(), strict=True))
    theirs.load_state_dict(weights, strict=True)
    assert ours.feature_info.channels() == theirs.feature_info.channels()
    assert ours.feature_info.reduction() == theirs.feature_info.reduction()
    with torch.inference_mode():
        x = images(107 if "inception" in name else SIZE).double()
        found, expected = ours(x), theirs(x)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape and float(other.std()) > 1e-6
        assert torch.allclose(one, other, rtol=0, atol=1e-12 * float(other.abs().max()))


@pytest.mark.parametrize("name", QUICK)
def test_the_maps_are_timms(name: str) -> None:
    gives_timms_maps(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in TIMM if name not in QUICK])
def test_the_maps_of_each_are_timms(name: str) -> None:
    gives_timms_maps(name)


@pytest.mark.parametrize("out_indices", [(1, 3), [-1], 2])
def test_the_chosen_maps_are_timms(out_indices: Any) -> None:
    ours = gluonport.create_model(
        "gluon_resnet18_v1b", features_only=True, out_indices=out_indices
    ).eval()
    theirs = timms("gluon_resnet18_v1b", features_only=True, out_indices=out_indices)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    chosen = theirs.feature_info
    assert ours.feature_info.channels() == chosen.channels()
    assert ours.feature_info.reduction() == chosen.reduction()
    with torch.inference_mode():
        for one, other in zip(ours(images()), theirs(images()), strict=True):
            assert torch.equal(one, other)


def test_feature_info_is_asked_as_timms_is() -> None:
    ours = gluonport.create_model("gluon_resnet18_v1b", features_only=True, out_indices=(1, 3))
    theirs = timms("gluon_resnet18_v1b", features_only=True, out_indices=(1, 3)).feature_info
    info = ours.feature_info
    assert info.out_indices == theirs.out_indices and len(info) == len(theirs.info)
    for idx in (None, 2, (0, 4)):
        assert info.channels(idx) == theirs.channels(idx)
        assert info.reduction(idx) == theirs.reduction(idx)
        assert info.module_name(idx) == theirs.module_name(idx)
    keys = ["num_chs", "reduction"]
    assert info.get_dicts(keys) == theirs.get_dicts(keys)
    assert info[2]["module"] == theirs[2]["module"]


UNPADDED = 6
"""Pixels that maps lack at most where convolutions do not pad."""
UNEVEN = ("alexnet", "inception", "squeezenet")
OWN_END = ("gluon_hrnet", "gluon_dla", "gluon_mobilenetv2")
"""Networks whose answer does not come from their last map alone."""


@pytest.mark.parametrize("model", smallest().values(), ids=lambda model: model.name)
def test_a_network_gives_the_maps_that_it_declares(model: Model) -> None:
    with torch.device("meta"):
        network = build(model, 0).eval()
        points = network.feature_points
        x = torch.empty(2, 3, SIZE, SIZE)
        maps = network.forward_maps(x, len(points) - 1)
        last = network.forward_features(x)
    lacking = UNPADDED if any(one in model.name for one in UNEVEN) else 0
    for point, one in zip(points, maps, strict=True):
        assert one.shape[1] == point.channels
        assert 0 <= SIZE / point.reduction - one.shape[2] <= lacking
        assert one.shape[2] == one.shape[3]
    reductions = [point.reduction for point in points]
    assert reductions == sorted(reductions)
    if not model.name.startswith(OWN_END):
        assert maps[-1].shape == last.shape
    assert {point.module for point in points} <= {name for name, _ in network.named_modules()}


@pytest.mark.parametrize("name", ["gluon_cifar_resnet20_v1", "gluon_squeezenet1.1"])
def test_names_are_those_of_the_network_so_that_checkpoints_fit(name: str) -> None:
    network = build(find_model(name), 0)
    weights = network.state_dict()
    backbone = gluonport.create_model(name, features_only=True)
    backbone.load_state_dict(weights, strict=True)
    last = network.eval().forward_features(images())
    assert torch.equal(backbone.eval()(images())[-1], last)


def test_what_comes_after_the_last_map_is_left_out() -> None:
    backbone = gluonport.create_model("gluon_resnet18_v1b", features_only=True, out_indices=(1,))
    assert [name for name, _ in backbone.named_children()] == [
        *("conv1", "bn1", "act1", "maxpool", "layer1")
    ]
    x = images()
    sum(one.sum() for one in backbone(x)).backward()
    assert all(parameter.grad is not None for parameter in backbone.parameters())


@pytest.mark.exhaustive
def test_every_parameter_of_a_backbone_is_used() -> None:
    for model in smallest().values():
        if model.network.fixed:  # an input norm learns nothing
            continue
        backbone = FeatureNetwork(build(model, 0))
        size = 160 if "inception" in model.name else 64
        sum(one.sum() for one in backbone(images(size))).backward()
        unused = [name for name, p in backbone.named_parameters() if p.grad is None]
        assert not unused, (model.name, unused)


def test_a_backbone_can_be_copied_pickled_moved_and_exported() -> None:
    backbone = gluonport.create_model("gluon_cifar_resnet20_v1", features_only=True).eval()
    expected = backbone(images(32))
    for other in (copy.deepcopy(backbone), pickle.loads(pickle.dumps(backbone))):
        assert all(map(torch.equal, other(images(32)), expected))
    exported = torch.export.export(backbone, (images(32),)).module()
    assert all(map(torch.allclose, exported(images(32)), expected))
    assert backbone.double()(images(32).double())[0].dtype == torch.float64


def test_an_index_that_no_map_has_is_refused() -> None:
    for wrong in ((5,), (-6,), (), 0, 6):
        with pytest.raises(gluonport.GluonportError, match="gives the maps 0 to 4"):
            chosen_indices(wrong, 5)
    with pytest.raises(gluonport.GluonportError, match="features_only=True"):
        gluonport.create_model("gluon_resnet18_v1b", out_indices=(1,))


def pools_as_timms(name: str) -> None:
    ours = shuffled(gluonport.create_model(name, num_classes=0)).double()
    theirs = timms(name, num_classes=0).double()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    with torch.inference_mode():
        found, expected = ours(images(224).double()), theirs(images(224).double())
    assert found.shape == expected.shape and float(expected.std()) > 1e-6
    assert torch.allclose(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


@pytest.mark.parametrize("name", QUICK[:2])
def test_pooled_features_are_timms(name: str) -> None:
    pools_as_timms(name)


HEADS = ("gluon_dla34", "gluon_vgg11_bn", "gluon_vgg16", "gluon_inception_v3")
"""Networks whose head is not timm's, or takes other sizes of images."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [n for n in TIMM if n not in (*QUICK[:2], *HEADS)])
def test_pooled_features_of_each_are_timms(name: str) -> None:
    pools_as_timms(name)


@pytest.mark.parametrize(
    "name", ["alexnet", "mobilenetv3_small", "resnet18_v1b", "squeezenet1.1", "vgg11"]
)
def test_head_hidden_size_is_what_the_network_gives_without_its_classifier(name: str) -> None:
    with torch.device("meta"):
        network = build(find_model(f"gluon_{name}"), 0).eval()
        assert network(torch.zeros(1, 3, 224, 224)).shape == (1, network.head_hidden_size)
