"""ResNeSt is timm's network of that name; what it drops in training is GluonCV's."""

from __future__ import annotations

import pytest
import timm
import torch

from architectures import find_model
from architectures.networks.build import build
from architectures.networks.resnest import DropBlock

IMAGES = torch.linspace(-2, 2, 2 * 3 * 77 * 61).sin().reshape(2, 3, 77, 61)

TIMM = {
    "gluon_resnest14": "resnest14d",
    "gluon_resnest26": "resnest26d",
    "gluon_resnest50": "resnest50d",
    "gluon_resnest101": "resnest101e",
    "gluon_resnest200": "resnest200e",
    "gluon_resnest269": "resnest269e",
}


@pytest.mark.parametrize("name", TIMM)
def test_every_tensor_has_the_name_place_and_shape_that_timm_gives_it(name: str) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(TIMM[name]).state_dict()
    ours = find_model(name).sized()
    assert list(ours) == list(theirs)
    for tensor, shape in ours.items():
        assert shape == theirs[tensor].shape


def agrees(name: str) -> bool:
    torch.manual_seed(0)
    ours, theirs = build(find_model(name)).eval(), timm.create_model(TIMM[name]).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    with torch.inference_mode():
        expected = theirs.double()(IMAGES.double())
        found = ours.double()(IMAGES.double())
    assert float(expected.std()) > 1e-3
    return torch.allclose(found, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


@pytest.mark.parametrize("name", ["gluon_resnest14"])
def test_it_computes_what_timms_computes(name: str) -> None:
    assert agrees(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [name for name in TIMM if name != "gluon_resnest14"])
def test_each_computes_what_timms_computes(name: str) -> None:
    assert agrees(name)


def test_drop_block_leaves_evaluation_and_tiny_maps_alone() -> None:
    x = torch.rand(2, 4, 12, 12)
    assert torch.equal(DropBlock(0.1).eval()(x), x)
    assert torch.equal(DropBlock(0.0).train()(x), x)
    assert torch.equal(DropBlock(0.1).train()(x[..., :2, :2]), x[..., :2, :2])


def test_drop_block_drops_regions_of_three_the_same_in_all_images_and_keeps_the_sum() -> None:
    torch.manual_seed(0)
    x = torch.ones(2, 500, 12, 12)
    dropped = DropBlock(0.1).train()(x)
    assert torch.equal(dropped[0], dropped[1])
    assert float(dropped.mean()) == pytest.approx(1, abs=1e-5)
    kept = dropped[0] > 0
    # 9 positions for each seed at a rate of 0.1 * 144 / (9 * 100), fewer where they meet an edge
    assert 0.08 < 1 - float(kept.double().mean()) < 0.16
    inner = ~kept[:, 1:-1, 1:-1]
    filled = torch.nn.functional.avg_pool2d((~kept).double()[None], 3, 1)[0] > 0.999
    grown = torch.nn.functional.max_pool2d(filled.double()[None], 3, 1, padding=1)[0] > 0
    assert bool((grown | ~inner)[:, 1:-1, 1:-1].all())  # what is dropped inside is in a 3 x 3


def test_the_two_deepest_drop_features_before_the_classifier_too() -> None:
    shares = {name: find_model(name).network.dropout for name in TIMM}  # type: ignore[attr-defined]
    assert {name for name, share in shares.items() if share} == {
        "gluon_resnest200",
        "gluon_resnest269",
    }
