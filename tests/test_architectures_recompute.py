"""Gradient checkpointing changes memory and time alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from architectures import Model, find_model
from architectures.networks.build import build
from mappings.errors import GluonportError
from tests.conftest import smallest

SAVED = "gluon_cifar_resnet20_v1"


def step(network: nn.Module, images: Tensor) -> tuple[Tensor, dict[str, Tensor], int]:
    """The loss, all gradients and statistics after one step, and the elements of the inner maps
    that were kept."""
    network.train()
    torch.manual_seed(1)  # for dropout
    kept = 0

    def count(x: Tensor) -> Tensor:
        nonlocal kept
        kept += x.numel()
        return x

    with torch.autograd.graph.saved_tensors_hooks(count, lambda x: x):
        loss = network(images).square().mean()
    loss.backward()
    gradients = {n: p.grad for n, p in network.named_parameters() if p.grad is not None}
    return loss.detach(), {**gradients, **dict(network.named_buffers())}, kept


def same_with_and_without(model: Model, size: int) -> tuple[int, int]:
    count = 4 if size <= 64 else 2
    images = torch.linspace(-2, 2, count * 3 * size * size).sin().reshape(count, 3, size, size)
    torch.manual_seed(0)
    plain = build(model, 10)
    other = build(model, 10)
    other.load_state_dict(plain.state_dict())
    other.set_grad_checkpointing(True)
    loss, expected, without = step(plain, images)
    found_loss, found, with_ = step(other, images)
    assert torch.equal(found_loss, loss) and found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-5, atol=1e-7), (model.name, name)
    return without, with_


def test_loss_gradients_and_running_statistics_stay_the_same_and_less_is_kept() -> None:
    without, with_ = same_with_and_without(find_model(SAVED), 32)
    assert with_ < without / 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", smallest().values(), ids=lambda model: model.name)
def test_they_stay_the_same_in_every_family(model: Model) -> None:
    if not build_on_meta(model).block_types:
        pytest.skip("no blocks")
    same_with_and_without(model, model.input_size if model.network.windowed else 64)


def build_on_meta(model: Model) -> nn.Module:
    with torch.device("meta"):
        return build(model)


def test_it_can_be_turned_off() -> None:
    network = build(find_model(SAVED))
    network.set_grad_checkpointing(True)
    network.set_grad_checkpointing(False)
    assert not [m for m in network.modules() if "forward" in vars(m)]


def test_a_network_without_blocks_says_so() -> None:
    with pytest.raises(GluonportError, match="VGG has no blocks"):
        build_on_meta(find_model("gluon_vgg11")).set_grad_checkpointing()
