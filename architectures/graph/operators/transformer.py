"""Attention on interleaved projections, as GluonNLP's BERT has it (MXNet
src/operator/contrib/transformer.cc)."""

from __future__ import annotations

from architectures.graph.attributes import integer
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import product
from architectures.graph.operator import Call, Dims, Operator


def self_attention_scores(call: Call) -> Expression:
    """Queries times keys over the root of the head's size: (N * heads, length, length)."""
    return Apply("self_attention_scores", (call.input(0), call["heads"]))


def self_attention_scores_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return ((None, None, None),)
    return ((product((data[1], call["heads"])), data[0], data[0]),)


def self_attention_values(call: Call) -> Expression:
    """Attention times values: (length, N, heads * size)."""
    return Apply("self_attention_values", (*call.inputs, call["heads"]))


def self_attention_values_shape(call: Call) -> tuple[Dims | None, ...]:
    return (_values(call.shapes[0], call.shapes[1], 3),)


def cross_attention_scores(call: Call) -> Expression:
    """The same with queries of another sequence: (N * heads, queries, keys)."""
    return Apply("cross_attention_scores", (*call.inputs, call["heads"]))


def cross_attention_scores_shape(call: Call) -> tuple[Dims | None, ...]:
    queries, keys = call.shapes
    batch = None if queries is None else product((queries[1], call["heads"]))
    lengths = (None if data is None else data[0] for data in (queries, keys))
    return ((batch, *lengths),)


def cross_attention_values(call: Call) -> Expression:
    return Apply("cross_attention_values", (*call.inputs, call["heads"]))


def cross_attention_values_shape(call: Call) -> tuple[Dims | None, ...]:
    return (_values(call.shapes[0], call.shapes[1], 2),)


def _values(data: Dims | None, attention: Dims | None, parts: int) -> Dims:
    length = None if attention is None else attention[1]
    if data is None:
        return (length, None, None)
    return (length, data[1], None if data[2] is None else data[2] // parts)


TRANSFORMER = "src/operator/contrib/transformer.cc"
HEADS = {"heads": integer()}

OPERATORS = (
    Operator(
        ("_contrib_interleaved_matmul_selfatt_qk",),
        TRANSFORMER,
        self_attention_scores,
        self_attention_scores_shape,
        HEADS,
        inputs=("queries_keys_values",),
    ),
    Operator(
        ("_contrib_interleaved_matmul_selfatt_valatt",),
        TRANSFORMER,
        self_attention_values,
        self_attention_values_shape,
        HEADS,
        inputs=("queries_keys_values", "attention"),
    ),
    Operator(
        ("_contrib_interleaved_matmul_encdec_qk",),
        TRANSFORMER,
        cross_attention_scores,
        cross_attention_scores_shape,
        HEADS,
        inputs=("queries", "keys_values"),
    ),
    Operator(
        ("_contrib_interleaved_matmul_encdec_valatt",),
        TRANSFORMER,
        cross_attention_values,
        cross_attention_values_shape,
        HEADS,
        inputs=("keys_values", "attention"),
    ),
)
