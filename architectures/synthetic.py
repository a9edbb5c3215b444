"""Synthetic Gluon weights: a deterministic function of (model, tensor name, shape).

The rules are for leaves of Gluon's and of PyTorch's names: a ``weight`` with one dimension is a
norm's gamma. Such weights prove tables and networks, never a checkpoint: provenance marks them, and
``publish`` refuses them. ``verify/reference/gluon_reference.py`` has the same rules in code of its
own.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def synthetic_values(model: str, tensor: str, shape: tuple[int, ...]) -> Array:
    """The float32 values of one tensor of ``model`` (the source framework's name for it).

    The numbers are uniform, from numpy's frozen legacy stream, which is the same on every platform.
    The slightly negative mean of the weights keeps activations near 1 through 101 layers, and keeps
    images distinguishable. 54 blocks of narrow layers would still amplify, so they have smaller
    gammas. No BatchNorm value is near 0 or 1, to which BatchNorm is initialised.
    """
    seed = int.from_bytes(hashlib.sha256(f"{model}/{tensor}".encode()).digest()[:4], "little")
    u = np.random.RandomState(seed).random_sample(shape)
    match tensor.rpartition(".")[2]:
        case "weight" if len(shape) > 1:
            fan_in = math.prod(shape[1:])
            values = (6.0 * u - 3.0) / math.sqrt(fan_in) - 1.0 / fan_in
        case "bias":
            values = u - 0.5
        case "gamma" | "weight":
            values = 0.5 + 0.3 * u
            if model.startswith("cifar_resnet110"):
                values *= 0.75
        case "beta" | "running_mean":
            centred = 0.4 * u - 0.2
            values = centred + np.copysign(0.1, centred)
        case "running_var":
            values = 0.6 + 0.35 * u
        case leaf:
            raise ValueError(f"no rule for the leaf {leaf!r}")
    return values.astype(np.float32)
