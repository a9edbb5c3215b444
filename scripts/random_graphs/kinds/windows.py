"""Pooling, norms, reductions and orders: many numbers become fewer, or are set in relation."""

from __future__ import annotations

from scripts.random_graphs.sketch import Kind, Shape, Sketch, Unfit, Value


def reduced(g: Sketch, shape: Shape) -> tuple[dict[str, object], Shape]:
    """Attributes of a reduction over drawn axes, and its shape."""
    axes = sorted(g.random.sample(range(len(shape)), g.random.randint(1, len(shape))))
    kept = g.random.random() < 0.5
    if len(axes) == len(shape) and not kept:
        return {}, () if g.is_numpy else (1,)
    found = tuple(
        1 if axis in axes else size for axis, size in enumerate(shape) if kept or axis not in axes
    )
    signed = tuple(g.random.choice((axis, axis - len(shape))) for axis in axes)
    attributes: dict[str, object] = {"axis": signed if len(axes) > 1 else signed[0]}
    if kept:
        attributes["keepdims"] = True
    return attributes, found


def pooling(g: Sketch) -> Value:
    x = g.any(3, 4, 5)
    op = g.op("Pooling", "_npx_pooling")
    axes, mode = x.rank - 2, g.random.choice(("max", "avg", "sum"))
    if g.random.random() < 0.3:
        shape = (*x.shape[:2], *(1 for _ in range(axes)))
        attributes = {"global_pool": True, "kernel": (2,) * axes, "pool_type": mode}
        return g.node(op, [x], shape, **attributes)
    kernel = tuple(g.random.choice((2, 3)) for _ in range(axes))
    stride = tuple(g.random.choice((1, 2)) for _ in range(axes))
    pad = tuple(g.random.choice((0, 1)) for _ in range(axes))
    full = g.random.random() < 0.4
    sizes = []
    for n, k, s, p in zip(x.shape[2:], kernel, stride, pad, strict=True):
        if n + 2 * p < k:
            raise Unfit
        room = n + 2 * p - k
        sizes.append((-(-room // s) if full else room // s) + 1)
        if full and (sizes[-1] - 1) * s >= n + p:
            raise Unfit  # a window without data
    attributes = {"kernel": kernel, "stride": stride, "pad": pad, "pool_type": mode}
    if full:
        attributes["pooling_convention"] = "full"
    if mode == "avg" and g.random.random() < 0.5:
        attributes["count_include_pad"] = False
    return g.node(op, [x], (*x.shape[:2], *sizes), **attributes)


def adaptive(g: Sketch) -> Value:
    x = g.any(4)
    size = g.random.choice((1, 2, 3))
    return g.node(
        g.op("_contrib_AdaptiveAvgPooling2D"), [x], (*x.shape[:2], size, size), output_size=size
    )


def reduction(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4, 5)
    attributes, shape = reduced(g, x.shape)
    op = g.op(*"sum mean max min nansum sum_axis _np_sum _npi_mean _np_max _np_min".split())
    return g.node(op, [x], shape, **attributes)


def norm(g: Sketch) -> Value:
    x = g.any(2, 3)
    axis = g.random.randrange(x.rank)
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    return g.node(g.op("norm"), [x], shape, axis=axis, ord=g.random.choice((1, 2)))


def unit_length(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    mode = g.random.choice(("instance", "channel", "spatial"))
    if x.rank < 3 and mode != "instance":
        raise Unfit
    return g.node(g.op("L2Normalization"), [x], x.shape, mode=mode, eps=0.01)


def arg(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    axis, kept = g.random.randrange(x.rank), g.random.random() < 0.4
    middle = (1,) if kept else ()
    shape = (*x.shape[:axis], *middle, *x.shape[axis + 1 :])
    op = g.op("argmax", "argmin", "_npi_argmax", "_npi_argmin")
    return g.node(op, [x], shape, axis=g.random.choice((axis, axis - x.rank)), keepdims=kept)


def softmax(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    op = g.op(
        *"softmax log_softmax softmin SoftmaxActivation SoftmaxOutput".split(),
        *"_npx_softmax _npx_log_softmax".split(),
    )
    if op == "SoftmaxActivation":
        if x.rank < 2:
            raise Unfit
        modes = ("instance", "channel") if x.rank > 2 else ("instance",)
        return g.node(op, [x], x.shape, mode=g.random.choice(modes))
    if op == "SoftmaxOutput":
        if x.rank != 2:
            raise Unfit
        name = g.name(op)
        return g.node(
            op, [x, g.parameter(f"{name}_label", (x.shape[0],), 0, 0)], x.shape, name=name
        )
    axis = g.random.randrange(-x.rank, x.rank)
    attributes: dict[str, object] = {"axis": axis}
    if g.random.random() < 0.3:
        attributes["temperature"] = g.random.choice((0.5, 2.0))
    return g.node(op, [x], x.shape, **attributes)


def running_sum(g: Sketch) -> Value:
    x = g.any(1, 2, 3)
    return g.node(g.op("cumsum", "_np_cumsum"), [x], x.shape, axis=g.random.randrange(x.rank))


def ordering(g: Sketch) -> Value:
    x = g.any(1, 2, 3)
    axis = g.random.randrange(x.rank)
    if g.random.random() < 0.5:
        return g.node(g.op("sort"), [x], x.shape, axis=axis, is_ascend=g.random.random() < 0.5)
    k = g.random.randint(1, x.shape[axis])
    shape = (*x.shape[:axis], k, *x.shape[axis + 1 :])
    return g.node(
        g.op("topk", "_npx_topk"),
        [x],
        shape,
        axis=axis,
        k=k,
        ret_typ="value",
        is_ascend=g.random.random() < 0.5,
    )


KINDS: tuple[Kind, ...] = (
    pooling,
    adaptive,
    reduction,
    norm,
    unit_length,
    arg,
    softmax,
    running_sum,
    ordering,
)
