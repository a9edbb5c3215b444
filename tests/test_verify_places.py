"""Which module and which block each of the source's layers is, in networks of every kind."""

from __future__ import annotations

import pytest
import torch

from architectures import Model, find_model
from architectures.catalogue.config import ResidualConfig
from architectures.networks.build import build
from tests.conftest import every_model
from verify.parity.compare import _norms
from verify.parity.places import places
from verify.reference.answers import golden


def placed(name: str) -> dict[str, tuple[str, str]]:
    model = find_model(name)
    found = places(model, golden(model).layers)
    return {place.source: (place.module, place.block) for place in found}


@pytest.mark.parametrize("model", every_model())
def test_every_layer_of_the_table_and_every_block_is_placed_at_a_module(model: Model) -> None:
    found = places(model, golden(model).layers)
    with torch.device("meta"):
        modules = dict(build(model).named_modules())
    assert {place.module.partition("[")[0] for place in found} <= modules.keys()
    assert {layer.source for layer in model.table.layers} <= {place.source for place in found}
    assert model.classifier in {place.block for place in found}
    if isinstance(model.network, ResidualConfig):
        depths = model.network.depths
        blocks = {f"layer{i + 1}.{b}" for i, n in enumerate(depths) for b in range(n)}
        assert blocks <= {place.module for place in found}
        assert blocks | {"stem"} <= {place.block for place in found}


def test_a_pre_activation_networks_last_norm_is_a_place_of_its_own() -> None:
    found = placed("gluon_resnet18_v2")
    assert found["features.0"] == ("bn0", "stem")
    assert found["features.4"] == ("maxpool", "stem")
    assert found["features.8.0"] == ("layer4.0", "layer4.0")
    assert found["features.8.0.downsample"] == ("layer4.0.downsample", "layer4.0")
    assert found["features.9"] == ("norm", "norm")
    assert found["output"] == ("fc", "fc")


def test_a_split_attention_is_a_place_within_its_block() -> None:
    found = placed("gluon_resnest14")
    assert found["maxpool"] == ("maxpool", "stem")
    assert found["layer2.0.conv2"] == ("layer2.0.conv2", "layer2.0")
    assert found["layer2.0.conv2.bn"] == ("layer2.0.conv2.bn0", "layer2.0")


@pytest.mark.parametrize(
    "name", ["cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_wideresnet16_10"]
)
def test_no_layer_is_taken_for_a_max_pool_where_there_is_none(name: str) -> None:
    assert "maxpool" not in {module for module, _ in placed(name).values()}


def test_what_an_input_norm_never_learns_is_no_evidence_against_it() -> None:
    judged = _norms(build(find_model("cifar_resnet20_v2")))
    assert {name for name in judged if name.startswith("bn0.")} == {
        "bn0.running_mean",
        "bn0.running_var",
    }
