"""What came of a share of many conversions or proofs, as a file that is always whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from convert.formats.appearing import write_text
from convert.formats.json_text import read_json_object
from convert.many.shares import Share
from mappings.errors import FormatError

Activity = Literal["convert", "parity"]
ACTIVITIES: tuple[Activity, ...] = ("convert", "parity")
ENDING = ".results.json"
SCHEMA = 1
GOOD = ("converted", "passed", "skipped")
"""What a member's ``status`` says where nothing is wrong."""
FAILED = "failed"
OFTEN = 20  # the file is written anew when this part of its results is new


@dataclass
class ShareResults:
    """The results of one share: ``members`` are the names of all shares together, and ``entries``
    what came of those of this one so far, each with a ``name``, a ``status`` and an ``error``.

    ``options`` are those that decide what the results are.
    """

    activity: Activity
    options: Mapping[str, Any]
    share: Share
    members: Sequence[str]
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    finished: bool = False
    path: Path | None = None
    _written: int = -1

    def add(self, entry: dict[str, Any]) -> None:
        """Add what came of a member, and write the file if enough is new."""
        self.entries[entry["name"]] = entry
        if len(self.entries) - self._written > len(self.entries) // OFTEN:
            self.write()

    def write(self) -> None:
        """Write the file, if there is to be one, whole or not at all."""
        if self.path is not None:
            self._written = len(self.entries)
            write_text(self.path, json.dumps(self.as_json(), indent=1) + "\n")

    @property
    def all_good(self) -> bool:
        """Whether the share is finished and nothing of it has failed."""
        return self.finished and all(e["status"] in GOOD for e in self.entries.values())

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values, the verdict first."""
        entries = [self._short(self.entries[name]) for name in sorted(self.entries)]
        return {
            "schema": SCHEMA,
            "command": self.activity,
            "passed": self.all_good,
            "share": str(self.share),
            "finished": self.finished,
            "counts": counts(entries),
            "options": dict(self.options),
            "members": list(self.members),
            "results": entries,
        }

    @staticmethod
    def _short(entry: Mapping[str, Any]) -> dict[str, Any]:
        """A result without the whole verdict, which stands beside its checkpoint."""
        return {name: value for name, value in entry.items() if name != "parity"}

    @classmethod
    def read(cls, path: Path) -> ShareResults:
        """The results in a file, or in the JSON that a command printed. Raises FormatError."""
        values = read_json_object(path)
        if values.get("schema") != SCHEMA or values.get("command") not in ACTIVITIES:
            raise FormatError(path, "these are no results of many conversions or proofs")
        try:
            members, entries = list(values["members"]), list(values["results"])
            options, share = values["options"], Share.parse(values["share"])
            found = {entry["name"]: entry for entry in entries if _is_entry(entry, members)}
            if len(found) != len(entries) or not isinstance(options, dict):
                raise ValueError("a result is no result, or occurs twice")
            return cls(
                values["command"],
                options,
                share,
                tuple(members),
                found,
                values.get("finished") is True,
                path,
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(path, "its results are damaged: run the share again") from error


def _is_entry(entry: Mapping[str, Any], members: Sequence[str]) -> bool:
    name, status, error = entry["name"], entry["status"], entry["error"]
    known = isinstance(name, str) and name in members and status in (*GOOD, FAILED)
    return known and (error is None or isinstance(error, str))


def results_path(folder: Path, activity: Activity, share: Share) -> Path:
    """Where the results of a share stand: ``convert.results.json`` of everything,
    ``convert-2-of-5.results.json`` of one share."""
    part = "" if share.total == 1 else f"-{share.number}-of-{share.total}"
    return folder / f"{activity}{part}{ENDING}"


def counts(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many members have each status."""
    found: dict[str, int] = {}
    for entry in entries:
        found[entry["status"]] = found.get(entry["status"], 0) + 1
    return dict(sorted(found.items()))
