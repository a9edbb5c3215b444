"""Cases of the shaping operators of numpy mode."""

from __future__ import annotations

from math import prod

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def reshape(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(0, 1, 2, 3, 4), 0 if draw.flag(0.2) else 1, 4)
    target = list(sizes)[:: draw.choice(1, -1)]
    if len(target) > 1 and draw.flag():
        target[:2] = [target[0] * target[1]]
    if draw.flag():
        target.insert(draw.integer(0, len(target)), 1)
    if target and prod(sizes) and draw.flag():
        target[draw.integer(0, len(target) - 1)] = -1
    attributes: dict[str, object] = {"newshape": tuple(target)}
    if draw.flag():
        attributes["order"] = "C"
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


def npx_reshape(draw: Draw) -> OperatorCase | None:
    rank = draw.cycle(1, 2, 3, 4, 5)
    sizes = draw.shape(rank, 1, 4)
    codes: list[int] = []
    unknown = False
    at = 0
    while at < rank:
        kind = draw.choice(-1, -2, -2, -3, -4, -5, -6, 1)
        if kind == -1 and not unknown:
            codes.append(-1)
            unknown = True
        elif kind == -2:
            codes.append(-2)
        elif kind == -3 and sizes[at] == 1:
            codes.append(-3)
        elif kind == -4:
            codes.append(-4)
            at = rank
        elif kind == -5 and at + 1 < rank:
            codes.append(-5)
            at += 1
        elif kind == -6:
            half = draw.choice(*(n for n in (1, 2, 3, 4) if sizes[at] % n == 0))
            whole = (half, sizes[at] // half)
            halves = whole if unknown else draw.choice(whole, (-1, half), (half, -1))
            unknown = unknown or -1 in halves
            codes += [-6, *halves]
        else:
            codes.append(sizes[at])
        at += 1
    attributes: dict[str, object] = {"newshape": tuple(codes)}
    reverse = draw.cycle(None, False, True, every=5)
    if reverse is not None:
        attributes["reverse"] = reverse
    if reverse and -6 in codes:
        return None
    if reverse:
        attributes["newshape"] = tuple(codes[::-1])
        sizes = sizes[::-1]
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


def transpose(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4, 5)
    axes = draw.random.sample(range(rank), rank)
    chosen = tuple(draw.choice(axis, axis - rank) for axis in axes)
    attributes = draw.cycle({"axes": chosen}, {"axes": tuple(axes)}, {}, {"axes": None}, every=5)
    return draw.case(attributes, draw.uniform(draw.shape(rank, 1, 3)), numpy=True)


def concatenate(draw: Draw) -> OperatorCase:
    rank, many = draw.cycle(1, 2, 3), draw.cycle(1, 2, 3, every=3)
    sizes = draw.shape(rank, 1, 3)
    axis = draw.choice("absent", None, *range(-rank, rank), *range(rank))
    attributes: dict[str, object] = {"num_args": many}
    if axis != "absent":
        attributes["axis"] = axis
    parts = []
    for _ in range(many):
        part = list(sizes)
        if axis is not None:
            part[0 if axis == "absent" else int(axis)] = draw.integer(0, 3)
        parts.append(draw.uniform(part))
    return draw.case(attributes, *parts, numpy=True)


def squeeze(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    sizes = tuple(draw.choice(1, 1, 2, 3) for _ in range(rank))
    ones = [axis for axis, size in enumerate(sizes) if size == 1]
    chosen = tuple(draw.choice(axis, axis - rank) for axis in ones if draw.flag(0.7))
    attributes: dict[str, object] = {"axis": chosen}
    if not chosen or draw.flag(0.2):
        attributes = draw.choice({}, {"axis": None})
    elif len(chosen) == 1 and draw.flag():
        attributes = {"axis": chosen[0]}
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


def broadcast_to(draw: Draw) -> OperatorCase:
    wide = draw.shape(draw.cycle(1, 2, 3, 4), 1, 4)
    narrow = draw.broadcastable(wide)[draw.integer(0, len(wide)) :]
    ahead = len(wide) - len(narrow)
    asked = list(wide)
    for axis, size in enumerate(narrow):
        if draw.flag(0.2):
            asked[ahead + axis] = -2 if size == wide[ahead + axis] else asked[ahead + axis]
    return draw.case({"shape": tuple(asked)}, draw.uniform(narrow), numpy=True)


def stacked(draw: Draw) -> OperatorCase:
    rank, many = draw.cycle(1, 2, 3, every=4), draw.integer(1, 3)
    sizes = draw.shape(rank, 1, 3)
    kind = draw.name.removeprefix("_npi_")
    axis = {"hstack": 0 if rank == 1 else 1, "vstack": 0 if rank > 1 else None}.get(
        kind, {"dstack": 2 if rank > 2 else None, "column_stack": 1 if rank > 1 else None}.get(kind)
    )
    parts = []
    for _ in range(many):
        part = list(sizes)
        if axis is not None:
            part[axis] = draw.integer(1, 3)
        parts.append(draw.uniform(part))
    return draw.case({"num_args": many}, *parts, numpy=True)


def atleast(draw: Draw) -> OperatorCase:
    many = draw.integer(1, 3)
    parts = [draw.uniform(draw.shape(draw.integer(0, 4), 1, 3)) for _ in range(many)]
    return draw.case({"num_args": many}, *parts, numpy=True)


def hsplit(draw: Draw) -> OperatorCase:
    rank, many = draw.cycle(1, 2, 3), draw.integer(1, 3)
    sizes = list(draw.shape(rank, 1, 3))
    axis = 0 if rank == 1 else 1
    attributes: dict[str, object]
    if draw.flag():
        sizes[axis] = many * draw.integer(1, 3)
        attributes = {"indices": "()", "sections": many}
    else:
        begins = [0]
        for _ in range(many - 1):
            begins.append(begins[-1] + draw.integer(1, 2))
        sizes[axis] = begins[-1] + draw.integer(1, 3)
        attributes = {"indices": tuple(begins)}
    if draw.flag():
        attributes["axis"] = axis
    if draw.flag():
        attributes["squeeze_axis"] = False
    return draw.case(attributes, draw.uniform(sizes), numpy=True)


CASES = {
    "_np_reshape": reshape,
    "_npx_reshape": npx_reshape,
    "_np_transpose": transpose,
    "_npi_concatenate": concatenate,
    "_np_squeeze": squeeze,
    "_npi_broadcast_to": broadcast_to,
    "_npi_hstack": stacked,
    "_np_atleast_1d": atleast,
    "_npi_hsplit": hsplit,
}
COUNTS = {"_npx_reshape": 120, "_npi_hstack": 60, "_np_transpose": 50}
