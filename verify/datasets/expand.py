"""Expand a path with ``{00..63}``, ``{a,b}``, ``*``, ``?`` or ``[...]`` into the paths it means."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from itertools import product
from math import prod
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.labelled_images import some

MAX_NAMES = 10_000
"""The most names that a pattern's braces may mean. The whole of ImageNet-21k is 2048 shards."""

RANGE = re.compile(r"([0-9]{1,18})\.\.([0-9]{1,18})")


def expand(pattern: str, sought: str) -> list[Path]:
    """The existing paths, in the order of the braces; those of ``*`` are sorted.

    Raises DatasetError, which says what is ``sought``, if one of them doesn't exist, and for braces
    that mean too many names.
    """
    if "\0" in pattern:
        raise DatasetError(f"{pattern!r}: a path cannot hold the character NUL: check --data")
    if os.path.exists(pattern):
        return [Path(pattern)]
    found = [match for name in braces(pattern) for match in sorted(glob.glob(name)) or [name]]
    if missing := [name for name in found if not os.path.exists(name)]:
        raise DatasetError(f"{some(missing)}: no such file or folder: expected {sought}")
    return [Path(name) for name in dict.fromkeys(found)]


def braces(pattern: str) -> list[str]:
    """What a pattern's braces mean, in their order. Raises DatasetError for too many names."""
    parts = [_alternatives(part) for part in re.split(r"(\{[^{}]*\})", pattern)]
    if (total := prod(number for number, _ in parts)) > MAX_NAMES:
        raise DatasetError(f"{pattern}: means {total} names, expected at most {MAX_NAMES}")
    return ["".join(choice) for choice in product(*(names for _, names in parts))]


def _alternatives(part: str) -> tuple[int, Iterable[str]]:
    """How many texts a part of a pattern means, and the texts, as in bash: ranges go up or down,
    and if one end begins with a zero, all numbers are as wide as the wider end."""
    if not part.startswith("{"):
        return 1, [part]
    ends = RANGE.fullmatch(part[1:-1])
    if ends is None:
        texts = part[1:-1].split(",")
        return len(texts), texts
    first, last = map(int, ends.groups())
    step = 1 if first <= last else -1
    padded = any(len(end) > 1 and end.startswith("0") for end in ends.groups())
    width = max(map(len, ends.groups())) if padded else 0
    numbers = range(first, last + step, step)
    return len(numbers), (f"{number:0{width}}" for number in numbers)
