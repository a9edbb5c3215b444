"""Cases of operators that join tensors or repeat them."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def concat(draw: Draw) -> OperatorCase:
    rank, count = draw.cycle(1, 2, 3, 4), draw.cycle(1, 2, 3, 4, every=4)
    if "rnn" in draw.name:
        rank = 1
    dim = None if rank > 1 and draw.flag(0.3) else draw.integer(-rank, rank - 1)
    axis = 1 if dim is None else dim
    sizes = draw.shape(rank, 1, 3)
    attributes: dict[str, object] = {"num_args": count}
    if dim is not None:
        attributes["dim"] = dim
    if "rnn" in draw.name:
        attributes["dim"] = axis = 0
    parts = []
    for _ in range(count):
        part = list(sizes)
        part[axis] = draw.integer(1, 4)
        parts.append(draw.uniform(part))
    return draw.case(attributes, *parts)


def stack(draw: Draw) -> OperatorCase:
    rank, count = draw.cycle(1, 2, 3), draw.cycle(1, 2, 3, every=3)
    attributes: dict[str, object] = {"num_args": count}
    if draw.flag(0.8):
        attributes["axis"] = draw.integer(-rank - 1, rank)
    sizes = draw.shape(rank, 1, 4)
    return draw.case(attributes, *(draw.uniform(sizes) for _ in range(count)))


def tile(draw: Draw) -> OperatorCase | None:
    sizes = draw.shape(draw.cycle(1, 2, 3, 5), 1, 3)
    reps = tuple(draw.choice(1, 1, 2, 3) for _ in range(draw.cycle(1, 2, 3, 4, 5, every=3)))
    if sum(times > 1 for times in reps) > 2:  # "too many reduction axes"
        return None
    return draw.case(
        {"reps": reps[0] if len(reps) == 1 and draw.flag() else reps}, draw.uniform(sizes)
    )


def repeat(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3)
    attributes: dict[str, object] = {"repeats": draw.choice(1, 2, 3)}
    axis = draw.choice("absent", None, *range(-rank, rank), *range(rank))
    if axis != "absent":
        attributes["axis"] = axis
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 4)))


CASES = {"Concat": concat, "stack": stack, "tile": tile, "repeat": repeat}
COUNTS = {"Concat": 60, "tile": 80}
