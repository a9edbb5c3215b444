"""Attention with the projections of all heads side by side, the sequence before the batch.

L: length, N: batch, H: heads, D: size of a head.
"""

from __future__ import annotations

import math

from torch import Tensor


def self_attention_scores(projected: Tensor, heads: int) -> Tensor:
    """(L, N, H * 3 * D) queries, keys and values to (N * H, L, L) scores."""
    queries, keys, _ = by_head(projected, heads, 3)
    return (queries / math.sqrt(queries.size(-1))) @ keys.transpose(1, 2)


def self_attention_values(projected: Tensor, attention: Tensor, heads: int) -> Tensor:
    """(L, N, H * 3 * D) and (N * H, L, L) attention to (L, N, H * D)."""
    return joined_heads(attention @ by_head(projected, heads, 3)[2], heads)


def cross_attention_scores(queries: Tensor, keys_values: Tensor, heads: int) -> Tensor:
    """(L, N, H * D) and (M, N, H * 2 * D) to (N * H, L, M) scores."""
    query = by_head(queries, heads, 1)[0]
    key = by_head(keys_values, heads, 2)[0]
    return (query / math.sqrt(query.size(-1))) @ key.transpose(1, 2)


def cross_attention_values(keys_values: Tensor, attention: Tensor, heads: int) -> Tensor:
    """(M, N, H * 2 * D) and (N * H, L, M) attention to (L, N, H * D)."""
    return joined_heads(attention @ by_head(keys_values, heads, 2)[1], heads)


def by_head(projected: Tensor, heads: int, parts: int) -> tuple[Tensor, ...]:
    """(L, N, H * parts * D) to one (N * H, L, D) for each part."""
    length, batch, _ = projected.shape
    x = projected.reshape(length, batch * heads, parts, -1)
    return x.permute(2, 1, 0, 3).unbind(0)


def joined_heads(x: Tensor, heads: int) -> Tensor:
    """(N * H, L, D) to (L, N, H * D)."""
    length = x.size(1)
    return x.transpose(0, 1).reshape(length, x.size(0) // heads, heads * x.size(2))
