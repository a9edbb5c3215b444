"""Cases of LeakyReLU and its kin, and of dropout."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def leaky_relu(draw: Draw) -> OperatorCase:
    """Without rrelu: MXNet shows its slopes, which are not set in inference, as an output."""
    kind = draw.cycle(None, "prelu", "leaky", "elu", "selu", "gelu", "prelu")
    attributes: dict[str, object] = {} if kind is None else {"act_type": kind}
    if draw.flag():
        attributes["slope"] = draw.choice("0.1", "0.2", "0.01", "0.3")
    shape = draw.shape(draw.choice(1, 2, 3, 4, 5), 1, 4)
    operands = [draw.uniform(shape, -3, 3)]
    if kind == "prelu":
        operands.append(draw.uniform((draw.choice(shape[-1] if len(shape) == 1 else shape[1], 1),)))
    return draw.case(attributes, *operands)


def dropout(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    attributes: dict[str, object] = {}
    if draw.flag(0.7):
        attributes["p"] = draw.choice("0.2", "0.3", "0.9", "0")
    if draw.flag(0.3):
        attributes["mode"] = "training"
    if draw.flag(0.4):
        attributes["axes"] = tuple(axis for axis in range(rank) if draw.flag()) or (rank - 1,)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)))


CASES = {"LeakyReLU": leaky_relu, "Dropout": dropout}
