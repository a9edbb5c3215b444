"""Refuses a checkpoint that fits a network except for its classifier, and says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from architectures import Model
from convert.formats import Checkpoint
from mappings.errors import ReconcileError
from mappings.words import first_few

if TYPE_CHECKING:
    from convert.laid import Fit

SHOWN = 6  # tensors of a head in a message


def _described(model: Model) -> str:
    """The classifier of a model, in words."""
    layer = model.table.classifier
    assert layer is not None
    is_dense = len(model.shapes[f"{model.classifier}.weight"]) == 2 and not layer.kind.pointwise
    what = "dense layer, weight (classes, features)"
    if not is_dense:
        what = "1x1 convolution, weight (classes, features, 1, 1)"
    has_bias = f"{model.classifier}.bias" in model.shapes
    return f"one {what}{' and bias (classes)' if has_bias else ''}"


def refuse_other_head(checkpoint: Checkpoint, bare: Sequence[Fit]) -> None:
    """Raise ReconcileError if a checkpoint fits a network without its classifier.

    ``bare`` compares the checkpoint with networks without their classifier.
    """
    bare = [found for found in bare if not found.residues]
    if not bare:
        return
    names = " or ".join(found.model.name for found in bare)
    head = bare[0].beside.head
    expected = f"expected {_described(bare[0].model)}"
    if not head:
        what = f"has no classifier: {expected}"
    else:
        shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
        listed = first_few((f"{name} {shapes[name]}" for name in head), SHOWN)
        what = f"has another classifier: {expected}, found {listed}"
    raise ReconcileError(
        f"{checkpoint.path} is {names}, but it {what}; "
        f"--no-classifier converts the network without it"
    )
