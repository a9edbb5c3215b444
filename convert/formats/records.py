"""The records beside a checkpoint: which there are, their names, reading and writing them.

The records of ``out.safetensors`` are ``out.provenance.json``, ``out.parity.json`` and
``out.accuracy.json``. Those of any other file carry its whole name, ``out.params.provenance.json``,
and so do those of ``out.params.safetensors``: two checkpoints never share a record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.appearing import write_text
from convert.formats.json_text import read_json_object
from convert.formats.regular import sha256
from mappings.errors import FormatError

SAFETENSORS = ".safetensors"
OTHERS = (".params", ".pth", ".pt", ".bin", ".ckpt", ".tar", ".npz", ".npy", ".zip", ".json")
"""How the names of other checkpoints end."""
GRAPH = "graph"
"""The model that a provenance names where the network comes from a graph, not the catalogue."""
RAW = "raw"
"""The same where every array was taken as it is, for no network."""
SHOWN = 60  # characters of a wrong schema number that a message repeats


@dataclass(frozen=True)
class RecordKind:
    """A kind of record: the word in its name, the number of its schema, and the field with the
    sha256 of the checkpoint that it is about."""

    word: str
    schema: int
    digest: str


PROVENANCE = RecordKind("provenance", 1, "target_sha256")
PARITY = RecordKind("parity", 1, "checkpoint_sha256")
ACCURACY = RecordKind("accuracy", 1, "checkpoint_sha256")
KINDS = {kind.word: kind for kind in (PROVENANCE, PARITY, ACCURACY)}


def record_path(checkpoint: Path, kind: RecordKind) -> Path:
    """Where the record of a checkpoint is written."""
    stem = checkpoint.name.removesuffix(SAFETENSORS)
    if stem.endswith(OTHERS) or not stem:
        stem = checkpoint.name
    return checkpoint.with_name(f"{stem}.{kind.word}.json")


def find_record(checkpoint: Path, kind: RecordKind) -> Path:
    """Where the record of a checkpoint is, or would be: under its name today, or under the name of
    older versions (``out.provenance.json`` for ``out.params``) if that file is about exactly this
    checkpoint."""
    path = record_path(checkpoint, kind)
    older = checkpoint.with_name(f"{checkpoint.stem}.{kind.word}.json")
    if older != path and not path.exists() and older.exists():
        try:
            if read_json_object(older).get(kind.digest) == sha256(checkpoint):
                return older
        except FormatError:
            pass
    return path


def read_record(checkpoint: Path, kind: RecordKind) -> dict[str, Any]:
    """The record of a checkpoint. Raises FormatError for a record that is missing or has another
    schema."""
    path = find_record(checkpoint, kind)
    values = read_json_object(path)
    schema = values.get("schema")
    if type(schema) is not int or schema != kind.schema:
        what = f"the field 'schema' is {schema!s:.{SHOWN}}"
        raise FormatError(path, f"{what}; expected {kind.schema} in a record of {kind.word}")
    return values


def record_text(kind: RecordKind, values: Mapping[str, Any]) -> str:
    """The text of a record, with its schema before its other values."""
    return json.dumps({"schema": kind.schema, **values}, indent=1) + "\n"


def write_record(checkpoint: Path, kind: RecordKind, values: Mapping[str, Any]) -> None:
    """Write the record of a checkpoint, whole or not at all. Raises OSError and WriteError."""
    write_text(record_path(checkpoint, kind), record_text(kind, values))
