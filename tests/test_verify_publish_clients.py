"""What a release says of timm and torchvision is true: their networks are ours."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision  # noqa: F401  (named by the expressions)
from torchvision.models.resnet import Bottleneck  # noqa: F401

from architectures import MODELS, Model
from architectures.networks.build import build
from verify.publish.timm_config import first_convolution, pool_size

KNOWN = [model for model in MODELS if model.client is not None]
# A network of each kind runs by default, all of them in the exhaustive run.
DEFAULT = {"gluon_resnext50_32x4d", "gluon_seresnext50_32x4d", "gluon_resnest14"}
EVERY = [
    pytest.param(
        model, id=model.name, marks=[] if model.name in DEFAULT else pytest.mark.exhaustive
    )
    for model in KNOWN
]


def logits(network: torch.nn.Module, side: int) -> torch.Tensor:
    inputs = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        result: torch.Tensor = network.double().eval()(inputs.double())
    return result


def randomised(model: Model) -> torch.nn.Module:
    """The network with its norms, too, away from what they are initialised to."""
    torch.manual_seed(6)
    network = build(model, 7)
    for values in network.state_dict().values():
        if values.is_floating_point() and values.ndim == 1:
            values.uniform_(0.4, 0.9)
    return network


@pytest.mark.parametrize("model", EVERY)
def test_timm_and_torchvision_compute_what_ours_computes(model: Model) -> None:
    ours = randomised(model)
    side = 64 if model.family.name == "HRNet" else 65  # HRNet's sides are multiples of 32
    if model.network.windowed:
        side = model.input_size
    expected = logits(ours, side)
    elsewhere = model.client
    assert elsewhere is not None
    theirs = []
    if elsewhere.timm:
        theirs.append(timm.create_model(elsewhere.timm, num_classes=7, **dict(elsewhere.options)))
    if elsewhere.torchvision:
        theirs.append(eval(elsewhere.torchvision.format(n=7)))
    for network in theirs:
        network.double().load_state_dict(ours.state_dict(), strict=True)
        torch.testing.assert_close(logits(network, side), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("model", KNOWN, ids=lambda model: model.name)
def test_tags_are_timms_own_of_the_same_checkpoint(model: Model) -> None:
    elsewhere = model.client
    assert elsewhere is not None
    if not elsewhere.tag:
        return
    named = timm.models.get_pretrained_cfg(f"{elsewhere.timm}.{elsewhere.tag}")
    assert named is not None and named.tag == elsewhere.tag
    if model.source.framework == "timm":
        assert model.source.name == f"{elsewhere.timm}.{elsewhere.tag}"
    elif named.url:
        assert f"/{model.name}-" in str(named.url)  # timm's own port of the same file


@pytest.mark.parametrize(
    "model",
    [model for model in KNOWN if model.client and model.client.timm],
    ids=lambda model: model.name,
)
def test_what_a_release_says_of_its_layers_is_what_timm_says(model: Model) -> None:
    elsewhere = model.client
    assert elsewhere is not None
    named = timm.models.get_pretrained_cfg(elsewhere.timm)
    assert named is not None and named.pool_size is not None
    assert first_convolution(model) == named.first_conv and model.classifier == named.classifier
    # timm's map is of its own size of images
    assert pool_size(model) * named.input_size[1] == named.pool_size[0] * model.input_size
