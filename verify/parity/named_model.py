"""Whether a checkpoint is of the model that its user named."""

from __future__ import annotations

from pathlib import Path

from architectures import MODELS, Model
from architectures.catalogue.nearest import misfits
from convert.formats import open_checkpoint
from convert.formats.records import PROVENANCE, find_record, read_record
from convert.formats.regular import sha256
from mappings.errors import FormatError


def demand_model(model: Model, checkpoint: Path) -> None:
    """Demand that a checkpoint has the tensors of ``model`` and no others, and that its provenance
    does not say that it is of another one.

    Asked before anything is computed or written: a wrong name must cost nobody a record that stands
    beside the checkpoint. Raises FormatError, for a file that is no checkpoint too.
    """
    shapes = {tensor.name: tensor.shape for tensor in open_checkpoint(checkpoint).tensors}
    if wrong := misfits(shapes, model):
        fitting = [other.name for other in MODELS if not misfits(shapes, other)]
        raise FormatError(
            checkpoint,
            f"this is not a checkpoint of {model.name}: tensors that are missing, unknown or of "
            f"another shape: {len(wrong)}, the first is {wrong[0]!r}; "
            + (
                f"it has the tensors of {' and '.join(fitting)}: give that name"
                if fitting
                else "'gluonport inspect' says what it is"
            ),
        )
    try:
        recorded = read_record(checkpoint, PROVENANCE)
    except FormatError:
        return  # what needs a provenance asks for it
    named = recorded.get("model")
    if named != model.name and recorded.get(PROVENANCE.digest) == sha256(checkpoint):
        raise FormatError(
            checkpoint,
            f"its provenance {find_record(checkpoint, PROVENANCE).name} says that it is a "
            f"checkpoint of {named}, not of {model.name}: give that name",
        )
