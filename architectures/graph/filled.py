"""A graph's network with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from architectures.graph.graph_network import GraphNetwork
from architectures.graph.plan import Plan


def filled(plan: Plan, state: Mapping[str, torch.Tensor]) -> GraphNetwork:
    """The network in evaluation mode with exactly these tensors, by the plan's names, in their own
    dtypes. Tensors that no file has are zero."""
    network = GraphNetwork(plan)
    floating = {values.dtype for values in state.values() if values.is_floating_point()}
    if len(floating) == 1:
        network.to(floating.pop())
    counters: dict[str, Any] = {
        name: torch.zeros((), dtype=torch.int64) for name in plan.table.synthesised
    }
    network.load_state_dict({**counters, **state})
    return network.eval()
