"""Layers with parameters, and what is built of them."""

from __future__ import annotations

from math import prod

from scripts.random_graphs.sketch import LARGEST, Kind, Sketch, Unfit, Value


def window(size: int, kernel: int, stride: int, pad: int, dilate: int = 1) -> int:
    return (size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1


def convolution(g: Sketch) -> Value:
    x = g.any(3, 4, 5)
    axes = x.rank - 2
    groups = g.random.choice([k for k in (1, 1, 2, x.shape[1]) if x.shape[1] % k == 0])
    filters = groups * g.random.randint(1, 4)
    kernel = tuple(g.random.choice((1, 2, 3)) for _ in range(axes))
    stride = tuple(g.random.choice((1, 1, 2)) for _ in range(axes))
    pad = tuple(g.random.choice((0, 1)) for _ in range(axes))
    dilate = tuple(g.random.choice((1, 1, 2)) for _ in range(axes))
    sizes = tuple(map(window, x.shape[2:], kernel, stride, pad, dilate))
    if min(sizes) < 1:
        raise Unfit
    op = g.op("Convolution", "_npx_convolution")
    name, bias = g.name(op), g.random.random() < 0.5
    inputs = [x, g.parameter(f"{name}_weight", (filters, x.shape[1] // groups, *kernel), -0.6, 0.6)]
    if bias:
        inputs.append(g.parameter(f"{name}_bias", (filters,), -0.3, 0.3))
    return g.node(
        op,
        inputs,
        (x.shape[0], filters, *sizes),
        name=name,
        kernel=kernel,
        stride=stride,
        pad=pad,
        dilate=dilate,
        num_filter=filters,
        num_group=groups,
        no_bias=not bias,
    )


def deconvolution(g: Sketch) -> Value:
    x = g.any(3, 4)
    axes = x.rank - 2
    kernel = tuple(g.random.choice((2, 3, 4)) for _ in range(axes))
    stride = tuple(g.random.choice((1, 2)) for _ in range(axes))
    pad = tuple(g.random.choice((0, 1)) for _ in range(axes))
    adj = tuple(g.random.choice((0, s - 1)) for s in stride)
    found = zip(x.shape[2:], kernel, stride, pad, adj, strict=True)
    sizes = tuple(s * (n - 1) + k - 2 * p + a for n, k, s, p, a in found)
    if min(sizes) < 1 or prod(sizes) * 4 > LARGEST:
        raise Unfit
    op = g.op("Deconvolution", "_npx_deconvolution")
    name, filters = g.name(op), g.random.randint(1, 4)
    weight = g.parameter(f"{name}_weight", (x.shape[1], filters, *kernel), -0.6, 0.6)
    return g.node(
        op,
        [x, weight],
        (x.shape[0], filters, *sizes),
        name=name,
        kernel=kernel,
        stride=stride,
        pad=pad,
        adj=adj,
        num_filter=filters,
    )


def batch_norm(g: Sketch) -> Value:
    x = g.any(2, 3, 4, 5)
    axis = 1 if g.random.random() < 0.8 else -1
    op = g.op("BatchNorm", "_npx_batch_norm")
    name, size = g.name(op), (x.shape[axis],)
    inputs = [
        x,
        g.parameter(f"{name}_gamma", size, 0.5, 1.5),
        g.parameter(f"{name}_beta", size, -0.4, 0.4),
        g.parameter(f"{name}_moving_mean", size, -0.4, 0.4, "aux"),
        g.parameter(f"{name}_moving_var", size, 0.5, 1.5, "aux"),
    ]
    return g.node(
        op,
        inputs,
        x.shape,
        name=name,
        axis=axis,
        eps=g.random.choice((1e-5, 1e-3)),
        fix_gamma=g.random.random() < 0.3,
    )


def layer_norm(g: Sketch) -> Value:
    x = g.any(2, 3, 4)
    op = g.op("LayerNorm", "InstanceNorm", "_npx_layer_norm")
    is_layer = op in ("LayerNorm", "_npx_layer_norm")
    axis = g.random.choice((-1, -1, 1)) if is_layer else 1
    over = x.shape[axis] if is_layer else prod(x.shape[2:])
    if over < 3:
        raise Unfit  # hardly any variance: rounding is all there is
    name, size = g.name(op), (x.shape[axis],)
    inputs = [x, g.parameter(f"{name}_gamma", size, 0.5, 1.5)]
    inputs.append(g.parameter(f"{name}_beta", size, -0.4, 0.4))
    given = {"axis": axis} if is_layer else {}
    return g.node(op, inputs, x.shape, name=name, eps=0.01, **given)


def dense(g: Sketch) -> Value:
    x = g.any()
    if x.rank < 2:
        raise Unfit
    flat = g.random.random() < 0.6
    features = prod(x.shape[1:]) if flat else x.shape[-1]
    op = g.op("FullyConnected", "_npx_fully_connected")
    name, units, bias = g.name(op), g.random.randint(1, 6), g.random.random() < 0.6
    inputs = [x, g.parameter(f"{name}_weight", (units, features), -0.5, 0.5)]
    if bias:
        inputs.append(g.parameter(f"{name}_bias", (units,), -0.3, 0.3))
    shape = (x.shape[0], units) if flat else (*x.shape[:-1], units)
    return g.node(op, inputs, shape, name=name, num_hidden=units, flatten=flat, no_bias=not bias)


def shared_layer(g: Sketch) -> Value:
    """One dense layer on two values: a twin network."""
    x = g.any(2)
    other = g.other(x.shape)
    op = g.op("FullyConnected", "_npx_fully_connected")
    name = g.name(op)
    weight = g.parameter(f"{name}_weight", (3, x.shape[1]), -0.5, 0.5)
    sides = [
        g.node(
            op,
            [side, weight],
            (x.shape[0], 3),
            name=f"{name}_{at}",
            num_hidden=3,
            no_bias=True,
        )
        for at, side in enumerate((x, other))
    ]
    return g.node(g.op("broadcast_sub", "_npi_subtract"), sides, (x.shape[0], 3))


def convolve_channels_last(g: Sketch) -> Value:
    """A transpose there and back around what is done per position, as people write it."""
    x = g.any(4)
    last = g.node(g.op("transpose"), [x], (x.shape[0], *x.shape[2:], x.shape[1]), axes=(0, 2, 3, 1))
    name = g.name("FullyConnected")
    weight = g.parameter(f"{name}_weight", (3, x.shape[1]), -0.5, 0.5)
    done = g.node(
        "FullyConnected",
        [last, weight],
        (*last.shape[:-1], 3),
        name=name,
        num_hidden=3,
        flatten=False,
        no_bias=True,
    )
    return g.node("transpose", [done], (x.shape[0], 3, *x.shape[2:]), axes=(0, 3, 1, 2))


def excitation(g: Sketch) -> Value:
    """Squeeze and excitation: what channels are multiplied with comes from the channels."""
    x = g.any(4)
    attributes = {"global_pool": True, "kernel": (1, 1), "pool_type": "avg"}
    pooled = g.node(g.op("Pooling"), [x], (*x.shape[:2], 1, 1), **attributes)
    name = g.name("Convolution")
    weight = g.parameter(f"{name}_weight", (x.shape[1], x.shape[1], 1, 1), -0.5, 0.5)
    squeezed = g.node(
        "Convolution",
        [pooled, weight],
        pooled.shape,
        name=name,
        kernel=(1, 1),
        num_filter=x.shape[1],
        no_bias=True,
    )
    gate = g.node("sigmoid", [squeezed], squeezed.shape)
    return g.node("broadcast_mul", [x, gate], x.shape)


def products(g: Sketch) -> Value:
    x = g.any(2, 3)
    if x.rank == 2:
        if g.random.random() < 0.5:
            other = g.parameter(g.name("matrix"), (x.shape[1], 3), -0.6, 0.6)
            return g.node(g.op("dot", "_npi_matmul", "_np_dot"), [x, other], (x.shape[0], 3))
        g.op("dot")
        flipped = g.parameter(g.name("matrix"), (3, x.shape[1]), -0.6, 0.6)
        return g.node("dot", [x, flipped], (x.shape[0], 3), transpose_b=True)
    b, m, n = x.shape
    if g.random.random() < 0.5:
        return g.node(g.op("batch_dot", "_npx_batch_dot"), [x, x], (b, m, m), transpose_b=True)
    return g.node(g.op("batch_dot", "_npx_batch_dot"), [x, x], (b, n, n), transpose_a=True)


def recurrent(g: Sketch) -> Value:
    """A fused layer over (steps, batch, features); its states are parameters or zeros."""
    x = g.any(3)
    mode = g.random.choice(("lstm", "gru", "rnn_relu", "rnn_tanh"))
    gates = {"lstm": 4, "gru": 3}.get(mode, 1)
    hidden, layers, ways = g.random.randint(1, 4), g.random.randint(1, 2), g.random.choice((1, 2))
    size = 0
    for layer in range(layers):
        width = x.shape[2] if layer == 0 else hidden * ways
        size += ways * gates * hidden * (width + hidden + 2)
    op = g.op("RNN", "_npx_rnn")
    name, state = g.name(op), (layers * ways, x.shape[1], hidden)
    inputs = [x, g.parameter(f"{name}_parameters", (size,), -0.5, 0.5)]
    inputs.append(g.parameter(f"{name}_state", state, -0.5, 0.5))
    if mode == "lstm":
        inputs.append(g.parameter(f"{name}_state_cell", state, -0.5, 0.5))
    full = (x.shape[0], x.shape[1], hidden * ways)
    outputs = g.random.random() < 0.4
    shapes = [full] + ([state] * (2 if mode == "lstm" else 1) if outputs else [])
    g.node(
        op,
        inputs,
        *shapes,
        name=name,
        mode=mode,
        state_size=hidden,
        num_layers=layers,
        bidirectional=ways == 2,
        state_outputs=outputs,
    )
    return g.values[-1]


def attention(g: Sketch) -> Value:
    """Interleaved queries, keys and values: (steps, batch, heads * 3 * size)."""
    x = g.any(3)
    if x.shape[2] % 3:
        raise Unfit
    heads = g.random.choice([k for k in (1, 2) if (x.shape[2] // 3) % k == 0])
    steps, batch, width = x.shape
    scores = g.node(
        g.op("_contrib_interleaved_matmul_selfatt_qk"),
        [x],
        (batch * heads, steps, steps),
        heads=heads,
    )
    weights = g.node("softmax", [scores], scores.shape, axis=-1)
    return g.node(
        "_contrib_interleaved_matmul_selfatt_valatt",
        [x, weights],
        (steps, batch, width // 3),
        heads=heads,
    )


KINDS: tuple[Kind, ...] = (
    convolution,
    deconvolution,
    batch_norm,
    layer_norm,
    dense,
    shared_layer,
    convolve_channels_last,
    excitation,
    products,
    recurrent,
    attention,
)
