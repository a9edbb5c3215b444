"""Which model of the catalogue a converted checkpoint is."""

from __future__ import annotations

from pathlib import Path

from architectures import MODELS, Model, find_model
from architectures.catalogue.nearest import misfits
from convert.formats import open_checkpoint
from convert.formats.records import PROVENANCE, read_record
from convert.formats.regular import sha256
from mappings.errors import FormatError, GluonportError


def recognise(checkpoint: Path) -> Model:
    """The model that the provenance beside a checkpoint names, if it is about exactly this file;
    otherwise the only model whose network has its tensors.

    Raises FormatError if no model has them, or several have.
    """
    return _recorded(checkpoint) or _fitting(checkpoint)


def _recorded(checkpoint: Path) -> Model | None:
    try:
        record = read_record(checkpoint, PROVENANCE)
        if record.get(PROVENANCE.digest) == sha256(checkpoint):
            return find_model(str(record.get("model")))
    except GluonportError:
        pass
    return None


def _fitting(path: Path) -> Model:
    checkpoint = open_checkpoint(path)
    if checkpoint.format != "safetensors":
        raise FormatError(
            path,
            f"the file is {checkpoint.format}, not a converted checkpoint: convert it first, with "
            f"'convert auto OUT.safetensors --from {path}'",
        )
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    found = [model for model in MODELS if not misfits(shapes, model)]
    if len(found) == 1:
        return found[0]
    names = " and ".join(model.name for model in found)
    raise FormatError(
        path,
        f"the file fits {names} equally well: choose one with --model"
        if found
        else "no model of the catalogue has these tensors: see 'gluonport inspect'",
    )
