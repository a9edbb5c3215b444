"""Cases of recurrent layers."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def recurrent(draw: Draw) -> OperatorCase:
    mode = draw.cycle(*GATES)
    steps, batch, inputs = draw.integer(1, 4), draw.choice(1, 3), draw.integer(1, 3)
    size, layers = draw.integer(2, 3), draw.integer(1, 3)
    attributes: dict[str, object] = {"state_size": size, "num_layers": layers, "mode": mode}
    both = draw.cycle(True, False, every=4)
    if both or draw.flag():
        attributes["bidirectional"] = both
    project = mode == "lstm" and draw.flag()
    if project or draw.flag(0.8):  # MXNet corrupts memory for a projection without states
        attributes["state_outputs"] = project or draw.flag()
    if draw.flag(0.3):
        attributes["p"] = 0.5
    out = size
    if project:
        out = attributes["projection_size"] = draw.integer(1, size - 1)
    directions = 2 if both else 1
    count = 0
    for layer in range(layers):
        taken = inputs if layer == 0 else out * directions
        count += GATES[mode] * size * (taken + out + 2) * directions
        if project:
            count += out * size * directions
    operands = [
        draw.uniform((steps, batch, inputs), -2, 2),
        draw.uniform((count,)),
        draw.uniform((layers * directions, batch, out)),
    ]
    if mode == "lstm":
        operands.append(draw.uniform((layers * directions, batch, size)))
    return draw.case(attributes, *operands)


CASES = {"RNN": recurrent}
