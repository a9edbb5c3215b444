"""Which tensors of its source a conversion took, and from where, read back from the provenance."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.formats import Checkpoint, open_checkpoint
from convert.formats.records import PROVENANCE, read_record
from convert.formats.regular import sha256
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import ChoiceError, FormatError


def recorded_choice(provenance: Mapping[str, Any]) -> Choice:
    """The choice that a provenance records. Older provenances record only ``ema``.

    Raises ValueError for values that ``convert`` does not write.
    """
    ema, weights = provenance.get("ema"), provenance.get("weights")
    ignore = provenance.get("ignore", [])
    if not isinstance(ema, bool | None) or not isinstance(weights, str | None):
        raise ValueError("the choice of weights is neither a flag nor a key")
    if not isinstance(ignore, list) or not all(isinstance(pattern, str) for pattern in ignore):
        raise ValueError("the patterns of ignored names are not a list of texts")
    return Choice(ema if weights is None else None, weights, tuple(ignore))


def from_again(provenance: Mapping[str, Any]) -> str:
    """The option that names the source again: where it was fetched, if it was."""
    fetched = provenance.get("fetched")
    return f"--from {shlex.quote(fetched)}" if isinstance(fetched, str) else "--from SOURCE"


def open_both(a: Path, b: Path, choice: Choice = NO_CHOICE) -> tuple[Checkpoint, Checkpoint]:
    """Open two checkpoints to compare them.

    A choice applies to each file that has something to choose. Without a choice, if one file's
    provenance says that it was converted from the other, the choice recorded there applies.

    Raises FormatError, also if the choice applies to neither file.
    """
    if not choice:
        return open_checkpoint(a, _choice_of(b, a)), open_checkpoint(b, _choice_of(a, b))
    opened, refused = [], []
    for path in (a, b):
        try:
            opened.append(open_checkpoint(path, choice))
        except ChoiceError as error:
            refused.append(error)
            opened.append(open_checkpoint(path))
    if len(refused) == len(opened):
        raise refused[-1]
    return opened[0], opened[1]


def _choice_of(target: Path, source: Path) -> Choice:
    """The choice made when ``target`` was converted from ``source``; none if it was not."""
    try:
        provenance = read_record(target, PROVENANCE)
        choice = recorded_choice(provenance)
        converted = choice and provenance.get("source_sha256") == sha256(source)
    except (FormatError, ValueError):
        return NO_CHOICE
    return choice if converted else NO_CHOICE
