"""Cases of fully connected layers and plain activations."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def fully_connected(draw: Draw) -> OperatorCase:
    batch, outputs = draw.choice(1, 3), draw.integer(1, 5)
    data = (batch, *draw.shape(draw.cycle(1, 2, 3, 0, every=2)))
    attributes: dict[str, object] = {"num_hidden": outputs}
    flatten = draw.cycle(None, True, False, every=3)
    if flatten is not None:
        attributes["flatten"] = flatten
    inputs = data[-1] if flatten is False else 1
    if flatten is not False:
        for size in data[1:]:
            inputs *= size
    bias = draw.cycle(None, True, False, every=2)
    if bias is not None:
        attributes["no_bias"] = not bias
    operands = [draw.uniform(data, -2, 2), draw.uniform((outputs, inputs))]
    if bias is not False:
        operands.append(draw.uniform((outputs,)))
    return draw.case(attributes, *operands)


def activation(draw: Draw) -> OperatorCase:
    kind = draw.cycle("relu", "sigmoid", "tanh", "softrelu", "softsign")
    reach = draw.cycle(2, 6, every=5)
    shape = draw.shape(draw.cycle(1, 2, 3, 4, every=5))
    return draw.case({"act_type": kind}, draw.uniform(shape, -reach, reach))


CASES = {"FullyConnected": fully_connected, "Activation": activation}
