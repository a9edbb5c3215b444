"""A record that a command left beside a checkpoint, and what is demanded of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convert.formats.records import KINDS, find_record
from verify.publish.errors import PublishError

SCHEMA = 1


@dataclass(frozen=True)
class Record:
    """The values of ``path``; ``remedy`` is the command that makes it."""

    path: Path
    remedy: str
    values: Mapping[str, Any]

    @classmethod
    def read(cls, checkpoint: Path, kind: str, remedy: str, otherwise: str = "") -> Record:
        """The record of a kind (``parity``: ``out.parity.json``). Raises PublishError without."""
        path = find_record(checkpoint, KINDS[kind])
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            what = f"no {kind} beside it, expected {path.name}: make it with '{remedy}'{otherwise}"
            raise PublishError(f"{checkpoint}: {what}") from None
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict) or values.get("schema") != SCHEMA:
            raise PublishError(f"{path}: is no record of {kind}: make it again with '{remedy}'")
        return cls(path, remedy, values)

    def refuse(self, what: str) -> PublishError:
        """The error that this record is not enough."""
        return PublishError(f"{self.path}: {what}: make it again with '{self.remedy}'")

    def demand(self, digest_field: str, digest: str, model: str) -> None:
        """Demand that it is about this file and this model. Raises PublishError."""
        if self.values.get("model") != model:
            raise self.refuse(f"is of the model {self.values.get('model')!r}, expected {model!r}")
        found = self.values.get(digest_field)
        if found != digest:
            raise self.refuse(f"is of another file, sha256 {found}, expected {digest}")

    def counts(self, *fields: str) -> tuple[int, ...] | None:
        """The natural numbers of these fields; None where one is none."""
        values = [self.values.get(field) for field in fields]
        numbers = [value for value in values if type(value) is int and value >= 0]
        return tuple(numbers) if len(numbers) == len(values) else None
