"""Refuses a file that holds a complete network and other tensors: of a loss, or of a teacher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from convert.formats import Checkpoint
from mappings.errors import ReconcileError
from mappings.residues import fold

if TYPE_CHECKING:
    from convert.laid import Fit

MOST = 3  # patterns in a message


def refuse_leftovers(checkpoint: Checkpoint, fits: Sequence[Fit]) -> None:
    """Raise ReconcileError if a network is complete in the file and other tensors stand beside it,
    and say how to leave those out. Of several such networks, the first in ``fits`` is named."""
    complete = [
        found
        for found in fits
        if len(found.residues.unmapped_source) == len(found.residues)
        and len(found.residues) < len(checkpoint.tensors)
    ]
    if not complete:
        return
    found = complete[0]
    left = found.residues.unmapped_source
    unmapped = set(left)
    mapped = [tensor.name for tensor in checkpoint.tensors if tensor.name not in unmapped]
    patterns = patterns_of(left, mapped)
    if not patterns or len(patterns) > MOST:
        return
    advice = f"leave them out with {' '.join(f'--ignore {pattern!r}' for pattern in patterns)}"
    if key := _beginning(mapped, left):
        advice += f", or take the weights under {key!r} alone with --weights {key}"
    others = "1 other tensor" if len(left) == 1 else f"{len(left)} other tensors"
    raise ReconcileError(
        f"{checkpoint.path} holds {found.model.name} and {others} beside it: "
        f"{', '.join(fold(left))}; if these do not belong to the network (a loss, a teacher), "
        f"{advice}"
    )


def patterns_of(left: Collection[str], mapped: Collection[str]) -> list[str]:
    """Patterns that match all names in ``left`` and no name in ``mapped``, as short as whole parts
    of names allow. The list is empty if a name cannot be written as a pattern."""
    taken = {prefix for name in mapped for prefix in _prefixes(name)}
    found: Counter[str] = Counter()
    for name in left:
        free = next((prefix for prefix in _prefixes(name) if prefix not in taken), name)
        found[free if free == name else f"{free}.*"] += 1
    if any(character in pattern.removesuffix("*") for pattern in found for character in "*?["):
        return []
    return list(found)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _beginning(mapped: Sequence[str], left: Collection[str]) -> str:
    """The parts with which every mapped name begins and no name in ``left``; empty if none do."""
    first, last = (name.split(".")[:-1] for name in (min(mapped), max(mapped)))
    shared = ".".join(part for part, _ in takewhile(_equal, zip(first, last, strict=False)))
    alone = shared and not any(name.startswith(f"{shared}.") for name in left)
    return shared if alone else ""


def _equal(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]
