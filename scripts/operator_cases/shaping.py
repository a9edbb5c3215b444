"""Cases of operators that give the same values another shape."""

from __future__ import annotations

from math import prod

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def data_shape(draw: Draw, rank: int, high: int = 4) -> tuple[int, ...]:
    """A batch of 1 or 3, and other sizes."""
    return (draw.choice(1, 3), *draw.shape(rank - 1, 1, high))


def reshape(draw: Draw) -> OperatorCase | None:
    """Codes of every length that mix 0, 1, other sizes and negative codes in every way."""
    length = draw.cycle(1, 2, 3, 4, 5, 6, 7)
    mix = draw.cycle(*range(1, 16), every=7)
    wanted = {kind for bit, kind in enumerate(KINDS) if mix >> bit & 1}
    for _ in range(300):
        sizes = data_shape(draw, draw.integer(1, 6), draw.choice(2, 4))
        codes = some_codes(draw, sizes)
        if len(codes) == length and {kind_of_code(code) for code in codes} == wanted:
            break
    else:
        return None
    attributes: dict[str, object] = {"shape": tuple(codes)}
    reverse = draw.choice(None, None, False, True)
    if reverse is not None:
        attributes["reverse"] = reverse
    if reverse and -4 in codes:
        return None
    if reverse:
        attributes["shape"] = tuple(codes[::-1])
        sizes = sizes[::-1]
    return draw.case(attributes, draw.uniform(sizes))


KINDS = ("0", "1", "more", "negative")


def kind_of_code(code: int) -> str:
    return "negative" if code < 0 else str(code) if code < 2 else "more"


def some_codes(draw: Draw, sizes: tuple[int, ...]) -> list[int]:
    """Codes that fit an input."""
    rank = len(sizes)
    codes: list[int] = []
    unknown = False
    at = 0
    while at < rank:
        kind = draw.choice(0, 0, 0, -1, -2, -3, -4, 1, 1)
        if kind == 0:
            codes.append(0)
        elif kind == -1 and not unknown and at == len(codes):
            codes.append(-1)
            unknown = True
        elif kind == -2:
            codes.append(-2)
            at = rank
        elif kind == -3 and at + 1 < rank:
            codes.append(-3)
            at += 1
        elif kind == -4:
            half = draw.choice(*(n for n in (1, 2, 3, 4) if sizes[at] % n == 0))
            given = draw.choice((half, sizes[at] // half), (-1, half), (half, -1))
            codes += [-4, *given]
        else:
            codes.append(sizes[at])
        at += 1
    while draw.flag(0.25) and (not codes or codes[-1] != -2 or not unknown):
        codes.append(1)
    return codes


def plain_reshape(draw: Draw) -> OperatorCase | None:
    """Without codes that copy: numbers and perhaps -1."""
    sizes = data_shape(draw, draw.cycle(1, 2, 3, 4))
    target = list(sizes)[:: draw.choice(1, -1)]
    if len(target) > 1 and draw.flag():
        target[:2] = [target[0] * target[1]]
    if draw.flag():
        target.insert(draw.integer(0, len(target)), 1)
    if draw.flag():
        target[draw.integer(0, len(target) - 1)] = -1
    return draw.case({"shape": tuple(target)}, draw.uniform(sizes))


def target_shape(draw: Draw) -> OperatorCase:
    """As the oldest files have it."""
    sizes = data_shape(draw, draw.choice(2, 3))
    target = draw.choice((0,), (sizes[0], 0), (prod(sizes),), (0, sizes[-1]), sizes)
    attributes: dict[str, object] = {"target_shape": target}
    if draw.flag():
        attributes["keep_highest"] = False
    elif draw.flag():
        attributes |= {"target_shape": (draw.choice(0, 7), 0), "keep_highest": True}
    return draw.case(attributes, draw.uniform(sizes))


def any_reshape(draw: Draw) -> OperatorCase | None:
    if draw.number % 9 == 8:
        return draw.choice(target_shape, plain_reshape)(draw)
    return reshape(draw)


def flatten(draw: Draw) -> OperatorCase:
    return draw.case({}, draw.uniform(data_shape(draw, draw.cycle(1, 2, 3, 4, 5))))


def transpose(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4, 5, 6)
    axes = list(range(rank))
    draw.random.shuffle(axes)
    attributes = draw.cycle(
        {"axes": tuple(axes)}, {"axes": tuple(axes)}, {}, {"axes": "()"}, every=6
    )
    return draw.case(attributes, draw.uniform(data_shape(draw, rank, 3)))


def swap_axes(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 3, 4)
    attributes: dict[str, object] = {}
    for name in ("dim1", "dim2"):
        if draw.flag(0.8):
            attributes[name] = draw.integer(-rank, rank - 1)
    return draw.case(attributes, draw.uniform(data_shape(draw, rank)))


def expand_dims(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    return draw.case({"axis": draw.integer(-rank - 1, rank)}, draw.uniform(data_shape(draw, rank)))


def squeeze(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4, 5)
    sizes = tuple(draw.choice(1, 1, 2, 3) for _ in range(rank))
    ones = [axis for axis, size in enumerate(sizes) if size == 1]
    chosen = tuple(draw.choice(axis, axis - rank) for axis in ones if draw.flag(0.7))
    if draw.flag():
        chosen = tuple(ones)[-draw.integer(1, 3) :]
    attributes: dict[str, object] = {"axis": chosen}
    if draw.cycle(False, False, False, True):
        attributes = draw.choice({}, {"axis": None})
    elif len(chosen) == 1 and draw.flag():
        attributes = {"axis": chosen[0]}
    return draw.case(attributes, draw.uniform(sizes))


def broadcast_axis(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    count = draw.integer(1, rank)
    axes = sorted(draw.random.sample(range(rank), count))
    sizes = [1 if axis in axes else draw.integer(1, 3) for axis in range(rank)]
    wide = tuple(draw.integer(1, 4) for _ in axes)
    attributes: dict[str, object] = {"axis": tuple(axes), "size": wide}
    if count == 1 and draw.flag():
        attributes = {"axis": axes[0], "size": wide[0]}
    return draw.case(attributes, draw.uniform(sizes))


def broadcast_to(draw: Draw) -> OperatorCase:
    wide = draw.shape(draw.cycle(1, 2, 3, 4), 1, 4)
    narrow = draw.broadcastable(wide)
    asked = tuple(
        0 if size == new and draw.flag() else new for size, new in zip(narrow, wide, strict=True)
    )
    return draw.case({"shape": asked}, draw.uniform(narrow))


def broadcast_like(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    like = draw.shape(rank, 1, 4)
    if draw.cycle(True, False, every=4):
        attributes = draw.choice({}, {"lhs_axes": None, "rhs_axes": None})
        return draw.case(attributes, draw.uniform(draw.broadcastable(like)), draw.uniform(like))
    count = draw.integer(1, rank)
    ours = draw.random.sample(range(rank), count)
    theirs = draw.random.sample(range(rank), count)
    sizes = [1 if axis in ours else draw.integer(1, 3) for axis in range(rank)]
    if draw.flag(0.3):
        ours, theirs = [axis - rank for axis in ours], [axis - rank for axis in theirs]
    attributes = {"lhs_axes": tuple(ours), "rhs_axes": tuple(theirs)}
    return draw.case(attributes, draw.uniform(sizes), draw.uniform(like))


def reshape_like(draw: Draw) -> OperatorCase:
    ahead, behind = draw.shape(draw.integer(0, 2), 1, 3), draw.shape(draw.integer(0, 2), 1, 3)
    middle = draw.shape(draw.integer(1, 3), 1, 4)
    flat = (prod(middle),)
    ours, theirs = draw.choice((flat, middle), (middle, flat), (middle, middle[::-1]))
    other = draw.shape(draw.integer(0, 2), 1, 3), draw.shape(draw.integer(0, 1), 1, 3)
    if draw.cycle(True, False, False):
        attributes = draw.choice({}, {name: None for name in ("lhs_begin", "rhs_end")})
        return draw.case(attributes, draw.uniform(ours), draw.uniform(theirs))
    attributes = {}
    if ahead or other[0] or draw.flag():
        attributes |= {"lhs_begin": len(ahead), "rhs_begin": len(other[0])}
    if behind or other[1] or draw.flag():
        end = -len(behind) if behind and draw.flag() else len(ahead) + len(ours)
        attributes |= {"lhs_end": end, "rhs_end": len(other[0]) + len(theirs)}
    data = (*ahead, *ours, *behind)
    return draw.case(attributes, draw.uniform(data), draw.uniform((*other[0], *theirs, *other[1])))


CASES = {
    "Reshape": any_reshape,
    "Flatten": flatten,
    "transpose": transpose,
    "SwapAxis": swap_axes,
    "expand_dims": expand_dims,
    "squeeze": squeeze,
    "broadcast_axis": broadcast_axis,
    "broadcast_to": broadcast_to,
    "broadcast_like": broadcast_like,
    "reshape_like": reshape_like,
}
COUNTS = {"Reshape": 240, "transpose": 50, "squeeze": 80}
