"""Cases of operators that take or set part of a tensor."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def bounds(draw: Draw, size: int, backwards: bool) -> tuple[int | None, int | None]:
    """Two bounds of a slice that is not empty, each from the start or from the end."""
    low = draw.integer(0, size - 1)
    high = draw.integer(low + 1, size)
    if backwards:
        begin, end = high - 1, (None if low == 0 else low - 1)
    else:
        begin, end = low, high
    first = None if draw.flag(0.2) else draw.choice(begin, begin, begin - size)
    if end is None or draw.flag(0.2):
        return first, None
    return first, draw.choice(end, end - size) if end < size else end


def some_slices(draw: Draw, sizes: tuple[int, ...], steps: bool) -> dict[str, object]:
    """The attributes of slices along the first axes; often most of them take everything."""
    count = draw.choice(len(sizes), draw.integer(1, len(sizes)))
    step = [draw.choice(None, 1, 2, -1, -2, 3) if steps else None for _ in range(count)]
    pairs = [
        bounds(draw, size, one is not None and one < 0)
        for size, one in zip(sizes, step, strict=False)
    ]
    whole = (draw.choice(0, None), None)
    if not steps and draw.flag():
        pairs = [whole if draw.flag(0.6) else pair for pair in pairs]
    if not steps and draw.flag(0.4):  # one axis alone
        axis = draw.integer(0, count - 1)
        begin = draw.choice(None, 0, sizes[axis] - 1)
        other = draw.choice(None, None, 0)
        pairs = [(begin, sizes[axis]) if at == axis else (other, None) for at in range(count)]
    elif not steps and draw.flag():
        begin = draw.choice(0, None, 1)
        ends = (None, 2, 3)
        pairs = [
            (begin if size > 1 else 0, draw.choice(*ends) if size > 1 else None) for size in sizes
        ][:count]
    attributes: dict[str, object] = {
        "begin": tuple(begin for begin, _ in pairs),
        "end": tuple(end for _, end in pairs),
    }
    if steps:
        attributes["step"] = tuple(step)
    return attributes


def slice_(draw: Draw) -> OperatorCase:
    if draw.number % 3 == 2:
        return plain_slice(draw)
    sizes = (draw.choice(1, 3), *draw.shape(draw.cycle(0, 1, 2, 3, 4), 1, 4))
    return draw.case(some_slices(draw, sizes, draw.flag(0.4)), draw.uniform(sizes))


BEGINS = ((None, 2), (0, 2), (None,), (0,), (0, 1), (None, 1), (0, None), (1,), (None, -1))


def plain_slice(draw: Draw) -> OperatorCase:
    """Begins and ends as people write them, for every rank."""
    rank = draw.cycle(1, 2, 3, 4, 5, every=3)
    begins = draw.cycle(*BEGINS, every=15)
    ends = draw.choice((None,), (3, None), (None, -1), (2, 3), (1, None, 3))
    chosen = [[*(some[at % len(some)] for at in range(rank))] for some in (begins, ends)]
    if begins[-1] == 2 or begins == (None, -1):
        chosen[1] = [None if low in (2, -1) else high for low, high in zip(*chosen, strict=True)]
    pairs = [
        (low, 3 if high == 1 and low == 1 else high) for low, high in zip(*chosen, strict=True)
    ]
    draw.random.shuffle(pairs)
    attributes = {
        "begin": tuple(low for low, _ in pairs),
        "end": tuple(high for _, high in pairs),
    }
    return draw.case(attributes, draw.uniform((3,) * rank if rank > 3 else (4,) * rank))


def slice_axis(draw: Draw) -> OperatorCase:
    sizes = (draw.choice(1, 3), *draw.shape(draw.cycle(0, 1, 2, 3), 2, 6))
    axis = draw.integer(-len(sizes), len(sizes) - 1)
    begin, end = bounds(draw, sizes[axis], backwards=False)
    attributes = {"axis": axis, "begin": begin or 0, "end": end}
    return draw.case(attributes, draw.uniform(sizes))


def slice_like(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3, 4), 2, 5)
    like = tuple(draw.integer(1, size) for size in sizes)
    count = draw.integer(1, len(sizes))
    axes = tuple(draw.random.sample(range(len(sizes)), count))
    if len(sizes) > 2 and draw.flag(0.4):
        axes = tuple(range(2, len(sizes)))
    if draw.cycle(True, False, False):
        attributes: dict[str, object] = draw.choice({}, {"axes": "()"})
        return draw.case(attributes, draw.uniform(sizes), draw.uniform(like))
    if draw.flag(0.3):
        axes = tuple(axis - len(sizes) for axis in axes)
    elif draw.flag():
        like = (*like, draw.integer(1, 3))
    return draw.case({"axes": axes}, draw.uniform(sizes), draw.uniform(like))


def slice_channel(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    count = draw.cycle(1, 2, 3, 4, 5, every=3)
    axis = draw.integer(-rank, rank - 1) if rank == 1 or draw.flag(0.8) else None
    squeeze = draw.cycle(None, False, True)
    sizes = list(draw.shape(rank, 1, 3))
    sizes[1 if axis is None else axis] = count * (1 if squeeze else draw.integer(1, 3))
    attributes: dict[str, object] = {"num_outputs": count}
    if axis is not None:
        attributes["axis"] = axis
    if squeeze is not None:
        attributes["squeeze_axis"] = squeeze
    if squeeze and rank == 1:
        attributes["squeeze_axis"] = False
    return draw.case(attributes, draw.uniform(sizes))


def split_v2(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    axis = draw.integer(-rank, rank - 1) if rank == 1 or draw.flag(0.8) else None
    squeeze = draw.cycle(None, False, True)
    count = draw.integer(1, 4)
    sizes = list(draw.shape(rank, 1, 3))
    at = 1 if axis is None else axis
    squeeze = False if rank == 1 and squeeze else squeeze
    attributes: dict[str, object]
    if draw.flag():
        sizes[at] = count * (1 if squeeze else draw.integer(1, 3))
        if not squeeze and count > 1 and draw.flag(0.3):
            sizes[at] += 1
        attributes = {"indices": "()", "sections": count}
    else:
        begins = [0]
        for _ in range(count - 1):
            begins.append(begins[-1] + (1 if squeeze else draw.integer(1, 3)))
        sizes[at] = begins[-1] + (1 if squeeze else draw.integer(1, 3))
        attributes = {"indices": tuple(begins)}
        if draw.flag():
            attributes["sections"] = 0
    if axis is not None:
        attributes["axis"] = axis
    if squeeze is not None:
        attributes["squeeze_axis"] = squeeze
    return draw.case(attributes, draw.uniform(sizes))


def reverse(draw: Draw) -> OperatorCase:
    rank = draw.cycle(1, 2, 3, 4)
    axes = tuple(sorted(draw.random.sample(range(rank), draw.integer(1, rank))))
    axis = axes[0] if len(axes) == 1 and draw.flag() else axes
    return draw.case({"axis": axis}, draw.uniform(draw.shape(rank, 1, 4)))


def slice_assign(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 5)
    attributes = some_slices(draw, sizes, draw.flag())
    return draw.case(attributes, draw.uniform(sizes), draw.uniform(part(sizes, attributes)))


def part(sizes: tuple[int, ...], attributes: dict[str, object]) -> tuple[int, ...]:
    """The shape of some slices."""
    begin, end = attributes["begin"], attributes["end"]
    assert isinstance(begin, tuple) and isinstance(end, tuple)
    step = attributes.get("step", (None,) * len(begin))
    assert isinstance(step, tuple)
    found = [
        len(range(*slice(*bounds).indices(size)))
        for size, *bounds in zip(sizes, begin, end, step, strict=False)
    ]
    return (*found, *sizes[len(found) :])


def slice_assign_scalar(draw: Draw) -> OperatorCase:
    sizes = draw.shape(draw.cycle(1, 2, 3), 1, 5)
    attributes = some_slices(draw, sizes, draw.flag())
    if draw.flag(0.7):
        attributes["scalar"] = draw.choice(1.0, -2.5, 0.0, 3)
    return draw.case(attributes, draw.uniform(sizes))


CASES = {
    "slice": slice_,
    "slice_axis": slice_axis,
    "slice_like": slice_like,
    "SliceChannel": slice_channel,
    "_split_v2": split_v2,
    "reverse": reverse,
    "_slice_assign": slice_assign,
    "_slice_assign_scalar": slice_assign_scalar,
}
COUNTS = {"slice": 320, "slice_axis": 60, "slice_like": 80, "SliceChannel": 60, "_split_v2": 60}
