"""Recurrent layers (MXNet src/operator/rnn.cc)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import choice, flag, integer, number
from architectures.graph.expression import Apply, Expression, Item, NnLayer
from architectures.graph.operator import Call, Dims, Operator

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def recurrent(call: Call) -> Expression:
    """The parameters are one vector: all weights by layer and direction, then all biases."""
    if call["use_sequence_length"]:
        raise call.refuse("use_sequence_length is not supported: MXNet supports it only on GPUs")
    if call["lstm_state_clip_min"] is not None or call["lstm_state_clip_max"] is not None:
        raise call.refuse("lstm_state_clip is not supported: MXNet supports it only on GPUs")
    lstm = call["mode"] == "lstm"
    if call["projection_size"] and not lstm:
        raise call.refuse("projection_size needs mode lstm")
    if call["projection_size"] and call["projection_size"] >= call["state_size"]:
        raise call.refuse("PyTorch only has projections that are smaller than the state")
    args = (*call.inputs[:3], call.input(3) if lstm else None, call["mode"], call["state_size"])
    kwargs: dict[str, Any] = {}
    if call["num_layers"] != 1:
        kwargs["num_layers"] = call["num_layers"]
    if call["bidirectional"]:
        kwargs["bidirectional"] = True
    if call["projection_size"]:
        kwargs["projection_size"] = call["projection_size"]
    if call["p"] and call["num_layers"] > 1:
        kwargs["kept"] = kept(call)
    exact = "recurrent_float32_relu" if call["mode"] == "rnn_relu" else None
    layers = Apply("recurrent", args, kwargs, exact)
    return layers if call["state_outputs"] else Item(layers, 0)


def kept(call: Call) -> NnLayer:
    """What dropout keeps between layers, drawn in training, (L - 1, T, N, D * H); 1 otherwise."""
    ones = Apply("ones_between_layers", (call.input(0), call["num_layers"], output_size(call)))
    dropout = Apply("F.dropout", (ones, call["p"], False))
    return NnLayer("nn.Dropout", (call["p"],), {}, {}, (ones,), dropout)


def output_size(call: Call) -> int:
    size: int = call["projection_size"] or call["state_size"]
    return size * (2 if call["bidirectional"] else 1)


def recurrent_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    steps, batch = (None, None) if data is None else data[:2]
    states = call["num_layers"] * (2 if call["bidirectional"] else 1)
    found: list[Dims] = [(steps, batch, output_size(call))]
    if call["state_outputs"]:
        found.append((states, batch, call["projection_size"] or call["state_size"]))
        if call["mode"] == "lstm":
            found.append((states, batch, call["state_size"]))
    return tuple(found)


def recurrent_weights(call: Call) -> Mapping[int, Dims]:
    """MXNet src/operator/rnn-inl.h, GetRnnParamSize."""
    data = call.shapes[0]
    inputs = None if data is None or len(data) != 3 else data[2]
    if inputs is None:
        return {1: (None,)}
    size, directions = call["state_size"], 2 if call["bidirectional"] else 1
    gates, out = GATES[call["mode"]] * size, call["projection_size"] or size
    per_direction = (
        gates * inputs
        + (call["num_layers"] - 1) * gates * out * directions
        + call["num_layers"] * (gates * out + 2 * gates)
    )
    if call["projection_size"]:
        per_direction += call["num_layers"] * out * size
    return {1: (per_direction * directions,)}


def recurrent_outputs(attributes: Mapping[str, Any]) -> int:
    if not attributes["state_outputs"]:
        return 1
    return 3 if attributes["mode"] == "lstm" else 2


OPERATORS = (
    Operator(
        ("RNN", "_npx_rnn"),
        "src/operator/rnn.cc",
        recurrent,
        recurrent_shape,
        {
            "state_size": integer(),
            "num_layers": integer(),
            "bidirectional": flag(False),
            "mode": choice(*GATES),
            "p": number(0.0),
            "state_outputs": flag(False),
            "projection_size": integer(None),
            "lstm_state_clip_min": number(None),
            "lstm_state_clip_max": number(None),
            "use_sequence_length": flag(False),
        },
        ignored=("lstm_state_clip_nan",),
        inputs=("data", "parameters", "state", "state_cell"),
        outputs=recurrent_outputs,
        weights=recurrent_weights,
    ),
)
