"""From a checkpoint that fits its network to a file under the network's names, or Gluon's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from architectures.catalogue.record import count_parameters
from convert.formats import Checkpoint, Tensor
from convert.formats.given_values import Values
from convert.formats.records import PROVENANCE, record_path
from convert.kept_values import kept
from convert.precision import batches_tracked, convert_values
from convert.preprocessing import preprocessing_beside
from convert.proven import write_proven
from convert.provenance import Conversion, Evidence, provenance_text, source_of
from convert.request import Request
from mappings.errors import ReconcileError
from mappings.words import counted


def transfer(request: Request) -> Conversion:
    """Write the file that is asked for, prove it, and leave its provenance beside it.

    Raises what ``write_proven`` does, and ReconcileError if a tensor that the file holds twice has
    two values.
    """
    found, checkpoint, target = request.found, request.checkpoint, request.target
    # A fit without residues has a first convolution, and a classifier or the wish for none.
    num_classes, in_chans = found.num_classes, found.in_chans
    assert num_classes is not None and in_chans is not None
    _demand_equal(checkpoint, found.naming.repeated)
    constants = preprocessing_beside(checkpoint, found)
    tensors = found.by_target(checkpoint)
    fixed = _fixed(request, tensors)
    notes = [*checkpoint.notes, *request.notes, *found.notes]
    if fixed:
        notes.append(f"{counted(len(fixed), 'gamma')} fixed at 1 (fix_gamma)")
    if constants:
        notes.append(str(constants))

    def report(evidence: Evidence) -> tuple[Conversion, Sequence[str]]:
        conversion = Conversion(
            model=found.model.name,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming=found.scheme,
            notes=tuple(notes),
            target=str(target),
            tensors=len(evidence.tensors),
            parameters=count_parameters(found.model.sized(num_classes, in_chans)),
            num_classes=num_classes,
            in_chans=in_chans,
            dtype=request.precision,
            synthetic=checkpoint.format == "synthetic",
            source_sha256=evidence.sources[0] if evidence.sources else None,
            target_sha256=evidence.target,
            fetched=source_of(request.fetched),
        )
        return conversion, [provenance_text(conversion, request, evidence, constants, fixed)]

    return write_proven(
        target,
        checkpoint,
        lambda: _convert(request, tensors),
        [record_path(target, PROVENANCE)],
        report,
        replacing=request.force,
    )


def _fixed(request: Request, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The file's values of the gammas that the target has as 1, by the network's name."""
    if request.names is not None:
        return {}
    gammas = {name: tensors[name] for name in request.found.model.fixed if name in tensors}
    return {name: kept(tensor) for name, tensor in gammas.items() if (tensor.copy() != 1).any()}


def _convert(request: Request, tensors: Mapping[str, Tensor]) -> dict[str, Values]:
    """The values of the target, under the names that they get in it and in the network's order."""
    names, fixed = request.names, request.found.model.fixed
    arrays: dict[str, Values] = {}
    for name in request.found.shapes:
        if names is not None and name not in names:
            continue
        if name in request.found.table.synthesised:
            values = Values.of(batches_tracked(tensors.get(name)))
        elif (
            name in fixed
            and names is not None
            and (original := request.back.gamma(name, tensors[name].shape)) is not None
        ):
            values = Values.of(original)
        else:
            values = convert_values(
                tensors[name], request.precision, allow_nonfinite=request.allow_nonfinite
            )
        if name in fixed and names is None:
            values = Values.of(np.ones_like(values.array()))
        if names is not None:
            values = values.reshaped(request.found.model.table.source_shape(name, values.shape))
        arrays[name if names is None else names[name]] = values
    if names is not None:  # Gluon's save_parameters writes the tensors of a shared layer twice
        again = request.found.model.table.repeated
        last = {first: arrays.pop(first) for first in again.values() if first in arrays}
        arrays |= {name: last[first] for name, first in again.items() if first in last} | last
    return arrays


def _demand_equal(checkpoint: Checkpoint, again: Mapping[str, str]) -> None:
    """Demand that tensors that a file holds twice are equal; ``again`` has both of their names."""
    tensors = {tensor.name: tensor for tensor in checkpoint.tensors}
    for name, first in again.items():
        one, other = tensors[first], tensors[name]
        if (one.shape, one.dtype) != (other.shape, other.dtype) or one.sha256() != other.sha256():
            raise ReconcileError(
                f"{checkpoint.path}: {first!r} and {name!r} are one tensor in the network, and "
                f"have different values here: leave one of them out with --ignore NAME"
            )
