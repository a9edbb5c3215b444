"""Short keys of the names in a file, by which a packaged graph is found without reading it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

DIGITS = str.maketrans("", "", "0123456789")


def key_of(names: Iterable[str]) -> str:
    """The key of a file with these names, without ``arg:`` and ``aux:``: 16 hex digits.

    Of structural names (with dots) the names count; of others their letters alone, because their
    numbers and prefixes depend on what else the process had made.
    """
    listed = [name.removeprefix("arg:").removeprefix("aux:") for name in names]
    if not any("." in name for name in listed):
        listed = [name.translate(DIGITS) for name in _without_prefix(listed)]
    return hashlib.sha256("\n".join(sorted(listed)).encode()).hexdigest()[:16]


def name_keys(tensors: Sequence[Sequence[Any]], symbol: dict[str, Any]) -> set[str]:
    """The keys of a network's files in every naming that Gluon writes: ``save_parameters`` with
    all names of a shared tensor or with the last of them, ``collect_params().save`` and
    ``export``, which has the graph's tensors alone."""
    last = {own: name for name, own, _ in tensors}
    needed = {node["name"] for node in symbol["nodes"] if node["op"] == "null"}
    return {
        key_of(name for name, _, _ in tensors),
        key_of(last.values()),
        key_of(last),
        key_of(own for own in last if own in needed),
    }


def _without_prefix(names: Sequence[str]) -> list[str]:
    """Names without what all of them begin with, up to an underscore."""
    first, last = min(names, default=""), max(names, default="")
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return [name[first.rfind("_", 0, shared) + 1 :] for name in names]
