"""MXNet's ReLU in recurrent layers, which rounds to float32 (src/operator/rnn_impl.h, relu)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from architectures.graph.functions.flat_rnn import initial_state, layer_weights


def recurrent_float32_relu(
    x: Tensor,
    parameters: Tensor,
    state: Tensor,
    cell: None,
    mode: str,
    state_size: int,
    num_layers: int = 1,
    bidirectional: bool = False,
    **unused: Any,
) -> tuple[Tensor, Tensor]:
    """``recurrent`` for mode rnn_relu, as MXNet computes it outside of training."""
    directions = 2 if bidirectional else 1
    initial = initial_state(state.to(x.dtype), x.shape[1])
    weights = layer_weights(parameters, x.shape[2], mode, state_size, num_layers, directions)
    last = []
    for layer in range(num_layers):
        found = []
        for direction in range(directions):
            place = layer * directions + direction
            from_input, from_state, input_bias, state_bias = weights[place]
            h, steps = initial[place], []
            for step in x.flip(0) if direction else x:
                h = (step @ from_input.T + input_bias + h @ from_state.T + state_bias).relu()
                h = h.float().to(x.dtype)
                steps.append(h)
            last.append(h)
            found.append(torch.stack(steps[::-1] if direction else steps))
        x = torch.cat(found, -1)
    return x, torch.stack(last)
