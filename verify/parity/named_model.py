"""Does a checkpoint belong to the model that the user named?"""

from __future__ import annotations

from pathlib import Path

from architectures import MODELS, Model
from architectures.catalogue.nearest import misfits
from convert.formats import open_checkpoint
from convert.formats.records import PROVENANCE, find_record, read_record
from convert.formats.regular import sha256
from mappings.errors import FormatError


def demand_model(model: Model, checkpoint: Path) -> None:
    """Demand that a checkpoint has exactly the tensors of ``model``, and that its provenance names
    no other model.

    Call this before anything is computed or written: a wrong name must not overwrite a record that
    stands beside the checkpoint. Raises FormatError, also for a file that is not a checkpoint.
    """
    opened = open_checkpoint(checkpoint)
    shapes = {tensor.name: tensor.shape for tensor in opened.tensors}
    if wrong := misfits(shapes, model):
        if opened.format.startswith("params"):
            raise FormatError(
                checkpoint,
                f"this is Gluon's own file, expected a converted checkpoint: convert {model.name} "
                f"OUT.safetensors --from {checkpoint}",
            )
        fitting = [other.name for other in MODELS if not misfits(shapes, other)]
        raise FormatError(
            checkpoint,
            f"this is not a checkpoint of {model.name}: tensors that are missing, unknown or have "
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
        return  # a command that needs a provenance asks for it itself
    named = recorded.get("model")
    if named != model.name and recorded.get(PROVENANCE.digest) == sha256(checkpoint):
        raise FormatError(
            checkpoint,
            f"its provenance {find_record(checkpoint, PROVENANCE).name} says that it is a "
            f"checkpoint of {named}, not of {model.name}: give that name",
        )
