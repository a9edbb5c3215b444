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
GAMMAS = {
    "cifar_resnet110": 0.75,
    "mobilenet0": 1.5,
    "mobilenet1": 1.5,
    "mobilenetv3": 1.1,
    "xception": 0.75,
}
"""Factors of the gammas of the models whose names begin so. 54 blocks of narrow layers
amplify, and so do the separable convolutions of Xception;
depthwise convolutions without a sum lose what distinguishes images."""


def synthetic_values(model: str, tensor: str, shape: tuple[int, ...]) -> Array:
    """The float32 values of one tensor of ``model`` (the source framework's name for it).

    The numbers are uniform, from numpy's frozen legacy stream, which is the same on every platform.
    The slightly negative mean of the weights keeps activations near 1 through 101 layers, and keeps
    images distinguishable. Some networks would still amplify or lose that, so they have smaller or
    larger gammas. No BatchNorm value is near 0 or 1, to which BatchNorm is initialised.
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
            values *= next((f for name, f in GAMMAS.items() if model.startswith(name)), 1.0)
        case "beta" | "running_mean":
            centred = 0.4 * u - 0.2
            values = centred + np.copysign(0.1, centred)
        case "running_var":
            values = 0.6 + 0.35 * u
        case leaf:
            raise ValueError(f"no rule for the leaf {leaf!r}")
    return values.astype(np.float32)
