"""The way back: a checkpoint that came from a graph becomes a ``.params`` that the graph takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convert.formats.given_values import Values
from convert.formats.graph_checkpoint import GraphCheckpoint
from convert.formats.records import GRAPH, PROVENANCE, find_record, record_path, record_text
from convert.kept_values import restored, restored_shape
from convert.precision import FLOATING, Precision, convert_values
from convert.proven import write_proven
from convert.provenance import Conversion, Evidence, origin, source_of
from convert.wish import Wish
from mappings.errors import FormatError
from mappings.words import counted, first_few

NARROW: tuple[Precision, ...] = ("float32", "float16", "bfloat16")


def convert_back(source: GraphCheckpoint, wish: Wish) -> Conversion:
    """Write the ``.params`` under the names and in the order and precision of the file that the
    checkpoint was converted from, with that file's own values of gammas that are fixed at 1.

    Raises FormatError for a provenance that lacks what this needs, and what ``write_proven`` does.
    """
    target, fetched = wish.target, wish.fetched
    arrays = _arrays(source)
    left_out = [name for name, _ in arrays if not _is_known(source, name)]

    def report(evidence: Evidence) -> tuple[Conversion, Sequence[str]]:
        notes = list(source.checkpoint.notes)
        if left_out:
            notes.append(
                f"{counted(len(left_out), 'array')} of the original file that the network does "
                f"not need left out: {first_few(left_out)}"
            )
        conversion = Conversion(
            model=GRAPH,
            source=str(source.checkpoint.path),
            source_format=source.checkpoint.format,
            naming=GRAPH,
            notes=tuple(notes),
            target=str(target),
            tensors=len(evidence.tensors),
            parameters=int(source.provenance.get("parameters", 0)),
            num_classes=int(source.provenance.get("num_classes", 0)),
            in_chans=int(source.provenance.get("in_chans", 0)),
            dtype="keep",
            synthetic=False,
            source_sha256=evidence.sources[0],
            target_sha256=evidence.target,
            fetched=source_of(fetched),
        )
        values = {
            **conversion.as_json(),
            "source": str(source.checkpoint.path.absolute()),
            **origin(fetched),
            "target": target.name,
            "tensor_sha256": dict(evidence.tensors),
        }
        return conversion, [record_text(PROVENANCE, values)]

    def values() -> dict[str, Values]:
        return {
            name: _values(source, name, dtype, wish.allow_nonfinite)
            for name, dtype in arrays
            if _is_known(source, name)
        }

    return write_proven(
        target,
        source.checkpoint,
        values,
        [record_path(target, PROVENANCE)],
        report,
        replacing=wish.force,
    )


def _record(source: GraphCheckpoint) -> Path:
    return find_record(source.checkpoint.path, PROVENANCE)


def _arrays(source: GraphCheckpoint) -> list[tuple[str, str]]:
    """Name and dtype of each array of the original file, in its order."""
    listed = source.provenance.get("arrays")
    if not isinstance(listed, list):
        raise FormatError(_record(source), "the field 'arrays' is not a list")
    found = []
    for item in listed:
        match item:
            case {"name": str(name), "dtype": str(dtype)}:
                found.append((name, dtype))
            case _:
                raise FormatError(_record(source), "the field 'arrays' is not a list of arrays")
    return found


def _kept(source: GraphCheckpoint) -> dict[str, Any]:
    """What the provenance keeps of the file's own values, by variable."""
    found: dict[str, Any] = {}
    for field in ("fixed_gammas", "done_without"):
        values = source.provenance.get(field)
        found |= values if isinstance(values, dict) else {}
    return found


def _is_known(source: GraphCheckpoint, name: str) -> bool:
    variable = source.variable_of(name)
    return variable in source.by_variable or variable in _kept(source)


def _values(source: GraphCheckpoint, name: str, dtype: str, allow_nonfinite: bool) -> Values:
    variable = source.variable_of(name)
    kept, tensor = _kept(source).get(variable), source.by_variable.get(variable)
    if kept is not None:
        record = _record(source)
        shape = restored_shape(record, variable, kept) if tensor is None else tensor.shape
        return Values.of(restored(record, variable, shape, kept))
    assert tensor is not None  # or it is not known
    if tensor.dtype not in FLOATING:
        return Values.of(tensor.copy())
    if dtype == "float64" and tensor.dtype != dtype:
        return Values.of(tensor.copy().astype(np.float64))
    precision: Precision = "keep" if tensor.dtype == dtype else _precision(source, dtype)
    return convert_values(tensor, precision, allow_nonfinite=allow_nonfinite)


def _precision(source: GraphCheckpoint, dtype: str) -> Precision:
    for known in NARROW:
        if known == dtype:
            return known
    raise FormatError(_record(source), f"an array of floating point is said to have been {dtype}")
