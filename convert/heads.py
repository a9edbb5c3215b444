"""Refuses a checkpoint that fits a network except for its classifier, and says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convert.formats import Checkpoint
from mappings.errors import ReconcileError
from mappings.words import first_few

if TYPE_CHECKING:
    from convert.laid import Fit

SHOWN = 6  # tensors of a head in a message


def refuse_other_head(checkpoint: Checkpoint, bare: Sequence[Fit]) -> None:
    """Raise ReconcileError if a checkpoint fits a network without its classifier.

    ``bare`` compares the checkpoint with networks without their classifier.
    """
    bare = [found for found in bare if not found.residues]
    if not bare:
        return
    names = " or ".join(found.model.name for found in bare)
    head = bare[0].beside.head
    expected = "expected one dense layer, weight (classes, features) and bias (classes)"
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
