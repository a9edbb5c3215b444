"""Hostile files: each must be refused in one line that says the expected thing."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mappings.errors import GluonportError
from scripts.attack.outcome import Outcome
from tests.support.hostile_files import Hostile, hostile_files


def refusal(hostile: Hostile) -> str | None:
    """What is wrong with how a file was taken; None if it was refused as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        path = hostile.make(Path(folder))
        try:
            hostile.read(path)
        except GluonportError as error:
            said = str(error)
            return None if hostile.is_said(said) else f"said {said[:200]!r}"
        except Exception as error:
            return f"raised {error!r}"[:300]
    return "was read"


def hostile_outcomes() -> Iterator[Outcome]:
    """An outcome for each kind of file."""
    tried, faults = Counter[str](), dict[str, list[str]]()
    for hostile in hostile_files():
        tried[hostile.kind] += 1
        if wrong := refusal(hostile):
            faults.setdefault(hostile.kind, []).append(f"{hostile.name}: {wrong}")
    for kind, count in tried.items():
        bad = tuple(faults.get(kind, ()))
        found = "" if bad else "each refused in one line, as expected"
        yield Outcome(f"hostile files: {kind}", count, count - len(bad), found, bad)
