"""Cases of attention on interleaved projections, which MXNet has in float32 alone."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

FLOAT32 = ("float32",)


def sizes(draw: Draw) -> tuple[int, int, int, int]:
    """Length, batch, heads, and the size of a head."""
    return draw.integer(1, 5), draw.choice(1, 3), draw.choice(1, 2, 4), draw.integer(1, 5)


def self_scores(draw: Draw) -> OperatorCase:
    length, batch, heads, size = sizes(draw)
    projected = draw.uniform((length, batch, heads * 3 * size))
    return draw.case({"heads": heads}, projected, runs=FLOAT32)


def self_values(draw: Draw) -> OperatorCase:
    length, batch, heads, size = sizes(draw)
    projected = draw.uniform((length, batch, heads * 3 * size))
    attention = draw.uniform((batch * heads, length, length), 0, 1)
    return draw.case({"heads": heads}, projected, attention, runs=FLOAT32)


def cross_scores(draw: Draw) -> OperatorCase:
    length, batch, heads, size = sizes(draw)
    queries = draw.uniform((draw.integer(1, 5), batch, heads * size))
    keys_values = draw.uniform((length, batch, heads * 2 * size))
    return draw.case({"heads": heads}, queries, keys_values, runs=FLOAT32)


def cross_values(draw: Draw) -> OperatorCase:
    length, batch, heads, size = sizes(draw)
    keys_values = draw.uniform((length, batch, heads * 2 * size))
    attention = draw.uniform((batch * heads, draw.integer(1, 5), length), 0, 1)
    return draw.case({"heads": heads}, keys_values, attention, runs=FLOAT32)


CASES = {
    "_contrib_interleaved_matmul_selfatt_qk": self_scores,
    "_contrib_interleaved_matmul_selfatt_valatt": self_values,
    "_contrib_interleaved_matmul_encdec_qk": cross_scores,
    "_contrib_interleaved_matmul_encdec_valatt": cross_values,
}
