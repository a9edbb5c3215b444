"""What is recorded of a network: every layer that runs once, as each does in the source."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from verify.parity.trace import trace

INPUTS = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)


class Repeats(nn.Module):
    """``once`` runs once, ``twice`` twice and ``never`` never."""

    def __init__(self) -> None:
        super().__init__()
        self.once, self.twice, self.never = (nn.Conv2d(3, 3, 1) for _ in range(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        twice: torch.Tensor = self.twice(self.twice(self.once(x)))
        return twice.mean((2, 3))


def test_a_layer_that_does_not_run_once_has_no_digest() -> None:
    found = trace(Repeats(), INPUTS, {"once", "twice", "never"})
    assert found.digests64.keys() == found.digests32.keys() == {"once"}
    assert found.digests64["once"].shape == (2, 4)
    assert found.logits64.shape == found.logits32.shape == (2, 3)
    assert found.logits64.dtype == np.float64 and found.logits32.dtype == np.float32
    assert found.failure is None


def test_a_network_that_fails_is_recorded_up_to_there() -> None:
    network = nn.Sequential(nn.Conv2d(3, 5, 1), nn.Conv2d(4, 3, 1), nn.Conv2d(3, 3, 1))
    found = trace(network, INPUTS, {"0", "1", "2"})
    assert found.digests64.keys() == found.digests32.keys() == {"0"}
    assert found.logits64.shape == found.logits32.shape == (0, 0)
    assert found.failure and "channels" in found.failure


def test_tracing_leaves_the_network_as_it_was() -> None:
    network = Repeats().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    trace(network, INPUTS, {"once"})
    after = network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert {tensor.dtype for tensor in after.values()} == {torch.float32}
    assert network.training and not network.once._forward_hooks
