"""A record that a command left beside a checkpoint, and what is demanded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.records import KINDS, find_record, read_record
from mappings.errors import FormatError, PublishError


@dataclass(frozen=True)
class Record:
    """The values of ``path``; ``remedy`` is the command that makes it."""

    path: Path
    kind: str
    remedy: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, checkpoint: Path, kind: str, remedy: str, otherwise: str = "") -> Record:
        """The record of a kind (``parity``: ``out.parity.json``). Raises PublishError without."""
        path = find_record(checkpoint, KINDS[kind])
        if not path.exists():
            what = f"no {kind} beside it, expected {path.name}: make it with '{remedy}'{otherwise}"
            raise PublishError(f"{checkpoint}: {what}")
        try:
            return cls(path, kind, remedy, read_record(checkpoint, KINDS[kind]))
        except FormatError as error:
            raise cls(path, kind, remedy, {}).malformed(error.what) from None

    def refuse(self, what: str) -> PublishError:
        """The error that this record is not enough."""
        return PublishError(f"{self.path}: {what}: make it again with '{self.remedy}'")

    def malformed(self, what: object) -> PublishError:
        """The error that this is no such record at all."""
        return self.refuse(f"is no record of {self.kind} ({what})")

    def demand(self, digest_field: str, digest: str, model: str) -> None:
        """Demand that it is about this file and this model. Raises PublishError."""
        if self.values.get("model") != model:
            raise self.refuse(f"is of the model {self.values.get('model')!r}, expected {model!r}")
        found = self.values.get(digest_field)
        if found != digest:
            raise self.refuse(f"is of another file, sha256 {found}, expected {digest}")
