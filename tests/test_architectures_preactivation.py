"""The norm of the input as MXNet has it: its gamma is held and not used, its beta is used."""

from __future__ import annotations

import torch
from torch import nn

from architectures.networks.preactivation import InputNorm

IMAGES = torch.linspace(-2, 2, 2 * 3 * 8 * 8).sin().reshape(2, 3, 8, 8)


def norms() -> tuple[InputNorm, nn.BatchNorm2d]:
    """An input's norm with a gamma that is not 1, and an ordinary one whose gamma is."""
    ours, plain = InputNorm(3), nn.BatchNorm2d(3)
    state = {
        "weight": torch.tensor([0.5, 2.0, -1.0]),
        "bias": torch.tensor([0.1, -0.2, 0.3]),
        "running_mean": torch.tensor([0.2, -0.1, 0.4]),
        "running_var": torch.tensor([0.5, 2.0, 1.5]),
        "num_batches_tracked": torch.tensor(0),
    }
    ours.load_state_dict(state)
    plain.load_state_dict(state | {"weight": torch.ones(3)})
    return ours, plain


def test_whatever_gamma_holds_ones_are_used_and_beta_is_added() -> None:
    ours, plain = norms()
    assert torch.equal(ours.eval()(IMAGES), plain.eval()(IMAGES))
    assert torch.equal(ours.state_dict()["weight"], torch.tensor([0.5, 2.0, -1.0]))


def test_training_keeps_statistics_and_learns_nothing() -> None:
    ours, plain = norms()
    assert torch.equal(ours.train()(IMAGES), plain.train()(IMAGES))
    assert torch.equal(ours.running_mean, plain.running_mean)
    assert torch.equal(ours.running_var, plain.running_var)
    assert not any(parameter.requires_grad for parameter in ours.parameters())
