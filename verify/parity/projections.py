"""Fixed random projections of activations: a few float64 numbers that show one flipped last bit.

Their specification is in ``verify/reference/gluon_reference.py``, which has code of its own.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import torch

PROJECTIONS = 4


@cache
def coefficients(axis: str, length: int) -> torch.Tensor:
    """The coefficients of all projections along one axis, float64 (length, PROJECTIONS)."""
    rows = []
    for k in range(PROJECTIONS):
        key = hashlib.sha256(f"gluonport/{k}/{axis}/{length}".encode()).digest()
        stream = np.random.RandomState(int.from_bytes(key[:4], "little"))
        sign, size = stream.random_sample((2, length))
        rows.append(np.where(sign < 0.5, -1.0, 1.0) * (0.5 + size))
    return torch.from_numpy(np.stack(rows, axis=1))


def digest(activation: torch.Tensor) -> torch.Tensor:
    """The projections of every image's activation, (N, C, H, W) or (N, C): float64 (N, K)."""
    x = activation.double()
    if x.ndim == 2:
        return x @ coefficients("c", x.shape[1])
    c, h, w = (coefficients(axis, n) for axis, n in zip("chw", x.shape[1:], strict=True))
    if x.is_contiguous():  # one pass over the activation, in the order of its memory
        pixels = torch.bmm(c.T.expand(len(x), -1, -1), x.flatten(2))
        return torch.einsum("nkhw,hk,wk->nk", pixels.reshape(len(x), -1, *x.shape[2:]), h, w)
    pixels = x.permute(0, 2, 3, 1) @ c
    return torch.einsum("nhwk,hk,wk->nk", pixels, h, w)
