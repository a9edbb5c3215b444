"""Recognises synthetic weights by their values, since a record can be lost or edited."""

from __future__ import annotations

import numpy as np
import torch

from architectures.catalogue import MODELS
from architectures.catalogue.record import Model
from architectures.synthetic import synthetic_values
from convert.formats import Array, Checkpoint
from verify.parity.values import TORCH_DTYPES

MOST = 1 << 16  # elements: larger tensors are not examined; every norm is smaller


def is_synthetic(model: Model, checkpoint: Checkpoint) -> bool:
    """Whether any tensor holds the values of the synthetic rule, in the file's precision.

    The rule depends on names, so it is tried with the names of every model that has the same
    network. No trained tensor of eight or more values agrees with it by chance.
    """
    tensors = {tensor.name: tensor for tensor in checkpoint.tensors}
    for candidate in MODELS:
        if candidate.shapes != model.shapes:
            continue
        for target, source in candidate.table.sources.items():
            tensor = tensors.get(target)
            if tensor is None or tensor.dtype not in TORCH_DTYPES:
                continue
            size = int(np.prod(tensor.shape))
            if not 8 <= size <= MOST:
                continue
            rule = synthetic_values(candidate.source.name, source, tensor.shape)
            if np.array_equal(_rounded(rule, tensor.dtype), _wide(tensor.copy())):
                return True
    return False


def _rounded(values: Array, dtype: str) -> Array:
    rounded: Array = torch.from_numpy(values).to(TORCH_DTYPES[dtype]).to(torch.float64).numpy()
    return rounded


def _wide(values: Array) -> Array:
    return values.astype(np.float64)
