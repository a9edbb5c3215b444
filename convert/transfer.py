"""From a checkpoint that fits its network to a file under the network's names, or Gluon's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from architectures.catalogue.record import count_parameters
from convert.formats import Array, Tensor
from convert.formats.records import PROVENANCE, record_path
from convert.precision import Scratch, batches_tracked, convert_values
from convert.preprocessing import preprocessing_beside
from convert.proven import write_proven
from convert.provenance import Conversion, Evidence, provenance_text, source_of
from convert.request import Request


def transfer(request: Request) -> Conversion:
    """Write the file that is asked for, prove it, and leave its provenance beside it.

    Raises what ``write_proven`` does.
    """
    found, checkpoint, target = request.found, request.checkpoint, request.target
    # A fit without residues has a first convolution, and a classifier or the wish for none.
    num_classes, in_chans = found.num_classes, found.in_chans
    assert num_classes is not None and in_chans is not None
    constants = preprocessing_beside(checkpoint, found)
    tensors = found.by_target(checkpoint)

    def report(evidence: Evidence) -> tuple[Conversion, Sequence[str]]:
        conversion = Conversion(
            model=found.model.name,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming=found.scheme,
            notes=(*checkpoint.notes, *found.notes, *([str(constants)] if constants else [])),
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
        return conversion, [provenance_text(conversion, request, evidence, constants)]

    return write_proven(
        target,
        checkpoint,
        sum(math.prod(tensor.shape) for tensor in tensors.values()),
        lambda scratch: _convert(request, tensors, scratch),
        [record_path(target, PROVENANCE)],
        report,
        replacing=request.force,
    )


def _convert(request: Request, tensors: Mapping[str, Tensor], scratch: Scratch) -> dict[str, Array]:
    """The values of the target, under the names that they get in it and in the network's order."""
    names = request.names
    arrays = {}
    for name in request.found.shapes:
        if names is not None and name not in names:
            continue
        if name in request.found.table.synthesised:
            values = batches_tracked(tensors.get(name))
        else:
            values = convert_values(
                tensors[name],
                request.precision,
                scratch,
                allow_nonfinite=request.allow_nonfinite,
            )
        if names is not None:
            values = values.reshape(request.found.model.table.source_shape(name, values.shape))
        arrays[name if names is None else names[name]] = values
    return arrays
