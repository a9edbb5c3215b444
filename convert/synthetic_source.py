"""The synthetic weights of a model, as a checkpoint to convert."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from architectures import Model
from architectures.synthetic import synthetic_values
from convert.formats import Checkpoint, Tensor


def synthetic_checkpoint(model: Model, num_classes: int | None = None) -> Checkpoint:
    """The model's synthetic weights under Gluon's structural names, float32."""
    shapes = model.sized(num_classes)
    tensors = []
    for source, target in model.table.targets.items():
        shape = model.table.source_shape(target, shapes[target])
        load = partial(synthetic_values, model.source.name, source, shape)
        tensors.append(Tensor(source, shape, "float32", "dense", 0, load))
    return Checkpoint(Path("synthetic"), "synthetic", True, tuple(tensors))
