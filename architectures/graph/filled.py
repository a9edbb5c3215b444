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
    with torch.device("meta"):  # no time for initial values that would be replaced
        network = GraphNetwork(plan)
    counters: dict[str, Any] = {
        name: torch.zeros((), dtype=torch.int64) for name in plan.table.synthesised
    }
    network.load_state_dict({**counters, **state}, assign=True)
    return network.eval()
