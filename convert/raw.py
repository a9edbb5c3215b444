"""Every array of a file as it is, whatever network it is of."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from convert.formats import Checkpoint
from convert.formats.block import dtype_of
from convert.formats.given_values import Values
from convert.formats.records import PROVENANCE, RAW, record_path, record_text
from convert.proven import write_proven
from convert.provenance import Conversion, Evidence, origin, source_of
from convert.sources.fetched import Fetched
from mappings.errors import ConversionError
from mappings.words import counted, first_few


def convert_raw(
    checkpoint: Checkpoint, target: Path, *, force: bool = False, fetched: Fetched | None = None
) -> Conversion:
    """Write every array under its own name, or its number, in its own precision.

    Sparse arrays become dense. Arrays that MXNet stored without values are left out and named.
    Raises ConversionError for a file without arrays, and what ``write_proven`` does.
    """
    empty = [tensor.name for tensor in checkpoint.tensors if tensor.dtype is None]
    tensors = [tensor for tensor in checkpoint.tensors if tensor.dtype is not None]
    if not tensors:
        raise ConversionError(f"{checkpoint.path}: has no array with values")
    notes = [*checkpoint.notes]
    if not checkpoint.named:
        notes.append("the arrays have no names: they are called by their numbers")
    if empty:
        notes.append(f"{counted(len(empty), 'array')} without values left out: {first_few(empty)}")

    def values() -> dict[str, Values]:
        return {t.name: Values.stored(t, dtype_of(str(t.dtype))) for t in tensors}

    def report(evidence: Evidence) -> tuple[Conversion, Sequence[str]]:
        conversion = Conversion(
            model=RAW,
            source=str(checkpoint.path),
            source_format=checkpoint.format,
            naming="its own",
            notes=tuple(notes),
            target=str(target),
            tensors=len(evidence.tensors),
            parameters=sum(math.prod(tensor.shape) for tensor in tensors),
            num_classes=0,
            in_chans=0,
            dtype="keep",
            synthetic=False,
            source_sha256=evidence.sources[0],
            target_sha256=evidence.target,
            fetched=source_of(fetched),
        )
        record = {
            **conversion.as_json(),
            "source": os.path.abspath(conversion.source),
            **origin(fetched),
            "target": target.name,
            "tensor_sha256": dict(evidence.tensors),
        }
        return conversion, [record_text(PROVENANCE, record)]

    return write_proven(
        target,
        checkpoint,
        values,
        [record_path(target, PROVENANCE)],
        report,
        replacing=force,
    )
