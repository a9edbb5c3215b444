"""Synthetic Gluon weights: a deterministic function of (model, tensor name, shape).

PyTorch's names have their leaves' own rules: a norm's ``weight`` has one dimension, and is a gamma.
They prove tables and networks, never a checkpoint: provenance marks them, and nothing publishes
them. ``verify/reference/gluon_reference.py`` shares the specification and has its own code for it.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def synthetic_values(model: str, tensor: str, shape: tuple[int, ...]) -> Array:
    """The float32 values of one tensor of ``model`` (the source framework's name for it).

    Uniform numbers only, from numpy's frozen legacy stream: they are the same on every platform.
    The slightly negative mean of the weights keeps activations of order 1 through 101 layers, and
    images apart; 54 blocks of narrow layers would amplify even so, and have smaller gammas. No
    BatchNorm value is near the 0 or 1 it is initialised to.
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
