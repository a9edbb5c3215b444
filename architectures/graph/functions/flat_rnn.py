"""Recurrent layers whose weights are one flat vector, as in MXNet's fused RNN."""

from __future__ import annotations

import torch
from torch import Tensor


def recurrent(
    x: Tensor,
    parameters: Tensor,
    state: Tensor,
    cell: Tensor | None,
    mode: str,
    state_size: int,
    num_layers: int = 1,
    bidirectional: bool = False,
    projection_size: int = 0,
    kept: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """An LSTM, GRU or RNN of x (T, N, I): outputs (T, N, D * H) and last states (L * D, N, H).

    ``parameters`` holds the weights of all layers and directions, then their biases. An LSTM has a
    ``cell`` state too, and gives its last one. ``kept`` (L - 1, T, N, D * H) multiplies what goes
    from one layer to the next: dropout in training.
    """
    directions = 2 if bidirectional else 1
    state = initial_state(state.to(x.dtype), x.shape[1])
    cell = None if cell is None else initial_state(cell.to(x.dtype), x.shape[1])
    flat = layer_weights(
        parameters, x.shape[2], mode, state_size, num_layers, directions, projection_size
    )
    if kept is None:
        return run_layers(x, flat, state, cell, mode, num_layers, bidirectional)
    states = []
    for layer in range(num_layers):
        own = slice(layer * directions, (layer + 1) * directions)
        initial = None if cell is None else cell[own]
        x, *last = run_layers(x, flat[own], state[own], initial, mode, 1, bidirectional)
        states.append(last)
        if layer + 1 < num_layers:
            x = x * kept[layer]
    return x, *(torch.cat(parts) for parts in zip(*states, strict=True))


def layer_weights(
    parameters: Tensor,
    inputs: int,
    mode: str,
    state_size: int,
    num_layers: int,
    directions: int,
    projection_size: int = 0,
) -> list[list[Tensor]]:
    """The weights of each layer and direction, in PyTorch's order, cut from one vector.

    All weights come first (from the input, from the state, of the projection), then all biases.
    """
    gates = {"lstm": 4, "gru": 3}.get(mode, 1) * state_size
    out = projection_size or state_size
    weights, at = [], 0
    for layer in range(num_layers):
        shapes = [(gates, inputs if layer == 0 else directions * out), (gates, out)]
        if projection_size:
            shapes.append((projection_size, state_size))
        for _ in range(directions):
            cut = []
            for rows, columns in shapes:
                cut.append(parameters[at : at + rows * columns].reshape(rows, columns))
                at += rows * columns
            weights.append(cut)
    biases = parameters[at:].reshape(num_layers * directions, 2, gates)
    return [
        [cut[0], cut[1], bias[0], bias[1], *cut[2:]]
        for cut, bias in zip(weights, biases, strict=True)
    ]


def run_layers(
    x: Tensor,
    weights: list[list[Tensor]],
    state: Tensor,
    cell: Tensor | None,
    mode: str,
    num_layers: int,
    bidirectional: bool,
) -> tuple[Tensor, ...]:
    """Layers whose weights are given by layer and direction."""
    flat = [tensor for cut in weights for tensor in cut]
    # has_biases, num_layers, dropout, train, bidirectional, batch_first
    how = (True, num_layers, 0.0, False, bidirectional, False)
    if cell is not None:
        return torch.lstm(x, (state, cell), flat, *how)
    run = {"gru": torch.gru, "rnn_tanh": torch.rnn_tanh, "rnn_relu": torch.rnn_relu}[mode]
    return run(x, state, flat, *how)


def initial_state(state: Tensor, batch: int) -> Tensor:
    """The states (L * D, N, H) for a batch; N may be 1 or 0 where a graph does not know it."""
    if state.shape[1] == 0:
        return state.new_zeros(state.shape[0], batch, state.shape[2])
    return state.expand(-1, batch, -1).contiguous()


def ones_between_layers(x: Tensor, num_layers: int, size: int) -> Tensor:
    """Ones (L - 1, T, N, size) for sequences x (T, N, I)."""
    return x.new_ones(num_layers - 1, *x.shape[:2], size)
