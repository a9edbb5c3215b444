"""The results of all shares together: what is there, what failed, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convert.many.results_file import ACTIVITIES, ENDING, GOOD, Activity, ShareResults, counts
from mappings.errors import GluonportError

SAME = {
    "convert": ("model", "dtype", "num_classes", "target_sha256"),
    "parity": ("model", "reference", "checkpoint_sha256"),
}
"""In what two results of one member must agree, beside whether all is well."""


@dataclass
class MergedResults:
    """The results of one activity. ``entries`` are by member, ``members`` those of all shares."""

    activity: Activity
    members: set[str] = field(default_factory=set)
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    shares: list[ShareResults] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """The members of which no share has a result."""
        return sorted(self.members - self.entries.keys())

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The results of the members that failed."""
        found = (self.entries[name] for name in sorted(self.entries))
        return [entry for entry in found if entry["status"] not in GOOD]

    @property
    def passed(self) -> bool:
        return bool(self.entries) and not self.missing and not self.failed

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        entries = [self.entries[name] for name in sorted(self.entries)]
        return {
            "passed": self.passed,
            "shares": [str(share.share) for share in self.shares],
            "members": len(self.members),
            "counts": counts(entries),
            "missing": self.missing,
            "results": entries,
        }

    def add(self, share: ShareResults) -> None:
        """Add the results of a share.

        Raises GluonportError if it was run with other options than the ones before it, or if it has
        another result of a member.
        """
        if self.shares and share.options != self.shares[0].options:
            first = self.shares[0]
            names = first.options.keys() | share.options.keys()
            differ = sorted(n for n in names if first.options.get(n) != share.options.get(n))
            raise GluonportError(
                f"{share.path}: run with another {' and '.join(differ)} than {first.path}: these "
                f"are not shares of one run"
            )
        self.shares.append(share)
        self.members |= set(share.members)
        for name, entry in share.entries.items():
            before = self.entries.setdefault(name, entry)
            where = self.files.setdefault(name, share.path or Path("results"))
            if difference := _difference(self.activity, before, entry):
                raise GluonportError(
                    f"{name}: {where} and {share.path} disagree: {difference}; remove the file "
                    f"that is out of date, or run its share again"
                )


def _difference(activity: Activity, one: dict[str, Any], other: dict[str, Any]) -> str | None:
    statuses = [entry["status"] for entry in (one, other)]
    if len({status in GOOD for status in statuses}) > 1:
        return f"{statuses[0]} and {statuses[1]}"
    for name in SAME[activity]:
        if one.get(name) != other.get(name):
            return f"{name} is {one.get(name)} and {other.get(name)}"
    return None


def merge_results(paths: Sequence[Path]) -> list[MergedResults]:
    """Merge the results in folders (``*.results.json``) and files, one for each activity.

    Raises GluonportError where there are none, and as ``MergedResults.add`` does; FormatError for a
    file that is damaged.
    """
    merged: dict[str, MergedResults] = {}
    for path in _files(paths):
        share = ShareResults.read(path)
        merged.setdefault(share.activity, MergedResults(share.activity)).add(share)
    return [merged[activity] for activity in ACTIVITIES if activity in merged]


def _files(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob(f"*{ENDING}"))
            if not inside:
                raise GluonportError(
                    f"{path}: there are no results here, files that end in {ENDING}: name the "
                    f"folder that a run of many wrote into"
                )
            found |= {file.resolve(): file for file in inside}
        else:
            found[path.resolve()] = path
    return list(found.values())
