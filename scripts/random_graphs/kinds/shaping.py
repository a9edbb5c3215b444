"""Nodes that move numbers: joined, cut, turned, repeated."""

from __future__ import annotations

from math import prod

from scripts.random_graphs.sketch import LARGEST, Kind, Sketch, Unfit, Value


def concat(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4, 5)
    axis = g.random.randrange(x.rank)
    beside = (*x.shape[:axis], *x.shape[axis + 1 :])
    fitting = [
        value
        for value in g.values
        if value.rank == x.rank and (*value.shape[:axis], *value.shape[axis + 1 :]) == beside
    ]
    inputs = [x, *g.random.choices(fitting, k=g.random.randint(1, 2))]
    shape = (*x.shape[:axis], sum(v.shape[axis] for v in inputs), *x.shape[axis + 1 :])
    if prod(shape) > LARGEST:
        raise Unfit
    axis = g.random.choice((axis, axis - x.rank)) if axis else axis
    op = g.op("Concat", "concat", "_npi_concatenate")
    given = {"axis" if g.is_numpy else "dim": axis}
    return g.node(op, inputs, shape, num_args=len(inputs), **given)


def stack(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    other = g.other(x.shape)
    axis = g.random.randint(0, x.rank)
    shape = (*x.shape[:axis], 2, *x.shape[axis:])
    return g.node(g.op("stack", "_npi_stack"), [x, other], shape, axis=axis, num_args=2)


def split(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    axis = g.random.randrange(x.rank)
    counts = [k for k in (1, 2, 3) if x.shape[axis] % k == 0]
    count, squeezed = g.random.choice(counts), g.random.random() < 0.3
    each = x.shape[axis] // count
    if squeezed and (each != 1 or x.rank == 1):
        squeezed = False
    middle = () if squeezed else (each,)
    shape = (*x.shape[:axis], *middle, *x.shape[axis + 1 :])
    g.node(
        g.op("SliceChannel", "split"),
        [x],
        *[shape] * count,
        num_outputs=count,
        axis=axis,
        squeeze_axis=squeezed,
    )
    return g.values[-1]


def split_unevenly(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    axis = g.random.randrange(x.rank)
    if x.shape[axis] < 2:
        raise Unfit
    cut = g.random.randint(1, x.shape[axis] - 1)
    shapes = [(*x.shape[:axis], n, *x.shape[axis + 1 :]) for n in (cut, x.shape[axis] - cut)]
    g.node(g.op("_split_v2", "_npi_split"), [x], *shapes, indices=(0, cut), axis=axis)
    return g.values[-1]


def flatten(g: Sketch) -> Value:
    x = g.any(2, 3, 4, 5)
    op = g.op("Flatten", "flatten", "_npx_batch_flatten")
    return g.node(op, [x], (x.shape[0], prod(x.shape[1:])))


def reshape(g: Sketch) -> Value:
    x = g.any()
    if g.is_numpy:
        part = g.random.choice([k for k in (1, 2, 3) if x.size % k == 0])
        return g.node("_np_reshape", [x], (x.size // part, part), newshape=(-1, part))
    way = g.random.choice(("zero", "minus", "rest", "merge", "split", "reverse"))
    if way == "zero":
        return g.node("Reshape", [x], x.shape, shape=(0,) * x.rank)
    if way == "minus":
        return g.node("Reshape", [x], (x.size,), shape=(-1,))
    if way == "rest" and x.rank > 1:
        return g.node("Reshape", [x], x.shape, shape=(0, -2))
    if way == "merge" and x.rank > 2:
        return g.node(
            "reshape", [x], (x.shape[0], x.shape[1] * x.shape[2], *x.shape[3:]), shape=(0, -3, -2)
        )
    if way == "split" and x.rank in (2, 3):
        size = x.shape[1]
        part = g.random.choice([k for k in (1, 2, 3) if size % k == 0])
        shape = (x.shape[0], part, size // part, *x.shape[2:])
        return g.node("Reshape", [x], shape, shape=(0, -4, part, -1, *[0] * (x.rank - 2)))
    if way == "reverse" and x.rank > 2:
        return g.node(
            "Reshape", [x], (prod(x.shape[:-1]), x.shape[-1]), shape=(-1, 0), reverse=True
        )
    raise Unfit


def transpose(g: Sketch) -> Value:
    x = g.any(2, 3, 4, 5)
    if g.random.random() < 0.2:
        return g.node(g.op("transpose", "_np_transpose"), [x], x.shape[::-1])
    axes = g.random.sample(range(x.rank), x.rank)
    shape = tuple(x.shape[axis] for axis in axes)
    if g.random.random() < 0.3:
        one, two = g.random.sample(range(x.rank), 2)
        sizes = list(x.shape)
        sizes[one], sizes[two] = sizes[two], sizes[one]
        return g.node(g.op("SwapAxis", "_npi_swapaxes"), [x], tuple(sizes), dim1=one, dim2=two)
    return g.node(g.op("transpose", "_np_transpose"), [x], shape, axes=tuple(axes))


def expand(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    axis = g.random.randint(0, x.rank)
    shape = (*x.shape[:axis], 1, *x.shape[axis:])
    op = g.op("expand_dims", "_npi_expand_dims")
    return g.node(op, [x], shape, axis=g.random.choice((axis, axis - x.rank - 1)))


def squeeze(g: Sketch) -> Value:
    x = g.any(2, 3, 4, 5)
    if 1 not in x.shape or x.size == 1:
        raise Unfit
    if g.random.random() < 0.3:
        return g.node(
            g.op("squeeze", "_np_squeeze"), [x], tuple(size for size in x.shape if size > 1)
        )
    axis = g.random.choice([axis for axis, size in enumerate(x.shape) if size == 1])
    return g.node(
        g.op("squeeze", "_np_squeeze"), [x], (*x.shape[:axis], *x.shape[axis + 1 :]), axis=axis
    )


def slice_axis(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4, 5)
    axis = g.random.randrange(x.rank)
    begin = g.random.randrange(x.shape[axis])
    end = g.random.randint(begin + 1, x.shape[axis])
    shape = (*x.shape[:axis], end - begin, *x.shape[axis + 1 :])
    said = None if end == x.shape[axis] and g.random.random() < 0.5 else end
    begin = begin if g.random.random() < 0.5 else begin - x.shape[axis]
    return g.node(g.op("slice_axis"), [x], shape, axis=axis, begin=begin, end=said)


def slices(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    begin, end, step, shape = [], [], [], []
    for size in x.shape:
        by = g.random.choice((1, 1, 2, -1))
        span = range(size)[::by]
        begin.append(None if g.random.random() < 0.5 else span[0])
        end.append(None)
        step.append(by)
        shape.append(len(span))
    words = {"begin": tuple(begin), "end": tuple(end), "step": tuple(step)}
    return g.node(g.op("slice", "_npi_slice"), [x], tuple(shape), **words)


def slice_like(g: Sketch) -> Value:
    x = g.any(3, 4)
    fitting = [
        value
        for value in g.values
        if value.rank == x.rank
        and all(size <= most for size, most in zip(value.shape, x.shape, strict=True))
    ]
    like = g.random.choice(fitting)
    axes = tuple(sorted(g.random.sample(range(x.rank), g.random.randint(1, x.rank))))
    shape = tuple(like.shape[a] if a in axes else size for a, size in enumerate(x.shape))
    return g.node(g.op("slice_like"), [x, like], shape, axes=axes)


def reverse(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    op = g.op("reverse", "flip", "_npi_flip")
    return g.node(op, [x], x.shape, axis=g.random.randrange(x.rank))


def tile(g: Sketch) -> Value:
    x = g.any(1, 2, 3)
    if x.size * 4 > LARGEST:
        raise Unfit
    if g.random.random() < 0.5:
        reps = tuple(g.random.choice((1, 2)) for _ in x.shape)
        return g.node(
            g.op("tile", "_npi_tile"),
            [x],
            tuple(a * b for a, b in zip(x.shape, reps, strict=True)),
            reps=reps,
        )
    axis = g.random.randrange(x.rank)
    shape = (*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return g.node(g.op("repeat", "_np_repeat"), [x], shape, repeats=2, axis=axis)


def pad(g: Sketch) -> Value:
    x = g.any(4)
    if min(x.shape[2:]) < 3 or x.size > LARGEST:
        raise Unfit
    widths = [g.random.randint(0, 2) for _ in range(4)]
    shape = (*x.shape[:2], x.shape[2] + sum(widths[:2]), x.shape[3] + sum(widths[2:]))
    mode = g.random.choice(("constant", "edge", "reflect"))
    return g.node(g.op("Pad"), [x], shape, mode=mode, pad_width=(0, 0, 0, 0, *widths))


def resize(g: Sketch) -> Value:
    x = g.any(4)
    if x.size * 4 > LARGEST:
        raise Unfit
    shape = (*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])
    if g.random.random() < 0.5:
        return g.node(g.op("UpSampling"), [x], shape, scale=2, sample_type="nearest", num_args=1)
    return g.node(g.op("_contrib_BilinearResize2D"), [x], shape, height=shape[2], width=shape[3])


def depth_and_space(g: Sketch) -> Value:
    x = g.any(4)
    n, c, h, w = x.shape
    if c % 4 == 0:
        return g.node(g.op("depth_to_space"), [x], (n, c // 4, 2 * h, 2 * w), block_size=2)
    if h % 2 == w % 2 == 0:
        return g.node(g.op("space_to_depth"), [x], (n, 4 * c, h // 2, w // 2), block_size=2)
    raise Unfit


def broadcast_like(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    op = g.op("broadcast_like")
    shape = tuple(g.random.choice((1, size)) for size in x.shape)
    return g.node(op, [g.parameter(g.name("like"), shape, -1, 1), x], x.shape)


def reshape_like(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    like = g.random.choice([value for value in g.values if value.size == x.size])
    return g.node(g.op("reshape_like", "_npx_reshape_like"), [x, like], like.shape)


def broadcast_axis(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    if 1 not in x.shape:
        raise Unfit
    axis, op = x.shape.index(1), g.op("broadcast_axis", "broadcast_axes")
    return g.node(op, [x], (*x.shape[:axis], 3, *x.shape[axis + 1 :]), axis=axis, size=3)


KINDS: tuple[Kind, ...] = (
    concat,
    stack,
    split,
    split_unevenly,
    flatten,
    reshape,
    transpose,
    expand,
    squeeze,
    slice_axis,
    slices,
    slice_like,
    reverse,
    tile,
    pad,
    resize,
    depth_and_space,
    broadcast_like,
    reshape_like,
    broadcast_axis,
)
