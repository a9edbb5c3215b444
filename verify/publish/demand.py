"""A record that a command wrote beside a checkpoint, and what must be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.records import RecordKind, find_record, read_record
from mappings.errors import FormatError, PublishError


@dataclass(frozen=True)
class DemandedRecord:
    """The values of the record at ``path``; ``remedy`` is the command that makes it."""

    path: Path
    kind: RecordKind
    remedy: str
    values: Mapping[str, Any]

    @classmethod
    def read(
        cls, checkpoint: Path, kind: RecordKind, remedy: str, otherwise: str = ""
    ) -> DemandedRecord:
        """The record of a checkpoint. Raises PublishError if it is missing or has another schema;
        ``otherwise`` adds to the message what else can be done about a missing one."""
        path = find_record(checkpoint, kind)
        if not path.exists():
            raise PublishError(
                f"{checkpoint}: the record of its {kind.word} is missing: expected {path.name} "
                f"beside it: make it with '{remedy}'{otherwise}"
            )
        try:
            return cls(path, kind, remedy, read_record(checkpoint, kind))
        except FormatError as error:
            raise cls(path, kind, remedy, {}).malformed(error.what) from None

    def refuse(self, what: str) -> PublishError:
        """The error that this record does not suffice."""
        return PublishError(f"{self.path}: {what}: make it again with '{self.remedy}'")

    def malformed(self, what: object) -> PublishError:
        """The error that this is not a record of its kind."""
        return self.refuse(f"this is not a record of {self.kind.word} ({what})")

    def check_about(self, digest: str, model: str) -> None:
        """Check that it is about the file with this sha256 and this model. Raises PublishError."""
        if self.values.get("model") != model:
            named = self.values.get("model")
            raise self.refuse(f"the record is about the model {named!r}; expected {model!r}")
        found = self.values.get(self.kind.digest)
        if found != digest:
            raise self.refuse(
                f"the record is about another file, with sha256 {found}; expected {digest}"
            )
