"""Indices, lengths and places."""

from __future__ import annotations

from scripts.random_graphs.sketch import Kind, Sketch, Value


def take(g: Sketch) -> Value:
    x = g.any(2, 3)
    axis, mode = g.random.randrange(x.rank), g.random.choice(("clip", "wrap"))
    raw = g.parameter(g.name("index"), (3,), -3, x.shape[axis] + 2)
    index = g.node(g.op("floor", "_npi_floor"), [raw], (3,))
    shape = (*x.shape[:axis], 3, *x.shape[axis + 1 :])
    return g.node(g.op("take", "_npi_take"), [x, index], shape, axis=axis, mode=mode)


def pick(g: Sketch) -> Value:
    x = g.any(2)
    raw = g.parameter(g.name("index"), (x.shape[0],), 0, x.shape[1] - 0.01)
    index = g.node(g.op("floor", "_npi_floor"), [raw], raw.shape)
    return g.node(g.op("pick", "_npx_pick"), [x, index], raw.shape, axis=1)


def look_up(g: Sketch) -> Value:
    """What a value rounds to, from 0 to 3, as an index."""
    x = g.any(1, 2, 3)
    near = g.node(g.op("clip", "_npi_clip"), [x], x.shape, a_min=0.0, a_max=3.0)
    index = g.node(g.op("floor", "_npi_floor"), [near], x.shape)
    if g.random.random() < 0.5:
        op = g.op("one_hot", "_npx_one_hot")
        return g.node(op, [index], (*x.shape, 4), depth=4, on_value=2.0, off_value=-1.0)
    op = g.op("Embedding", "_npx_embedding")
    name = g.name(op)
    weight = g.parameter(f"{name}_weight", (4, 3), -1, 1)
    return g.node(op, [index, weight], (*x.shape, 3), name=name, input_dim=4, output_dim=3)


def sequences(g: Sketch) -> Value:
    """(steps, batch, features), with lengths or without."""
    x = g.any(3)
    op = g.op("SequenceMask", "SequenceLast", "SequenceReverse", "_npx_sequence_mask")
    shape = x.shape[1:] if op == "SequenceLast" else x.shape
    if g.random.random() < 0.4:
        return g.node(op, [x], shape)
    raw = g.parameter(g.name("length"), (x.shape[1],), 1, x.shape[0] + 0.99)
    lengths = g.node(g.op("floor", "_npi_floor"), [raw], raw.shape)
    given = {"value": -0.5} if op.lower().endswith("mask") else {}
    return g.node(op, [x, lengths], shape, use_sequence_length=True, **given)


def arange_like(g: Sketch) -> Value:
    x = g.any(1, 2, 3, 4)
    axis, op = g.random.randrange(x.rank), g.op("_contrib_arange_like", "_npx_arange_like")
    return g.node(op, [x], (x.shape[axis],), axis=axis, step=0.5, start=1.0)


KINDS: tuple[Kind, ...] = (
    take,
    pick,
    look_up,
    sequences,
    arange_like,
)
