"""The error of an accuracy that cannot be had."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.errors import GluonportError

SHOWN = 5


class AccuracyError(GluonportError):
    """A run that must not go on, or whose parts do not make a number."""


def folded(names: Sequence[str]) -> str:
    """The first few of ``names``, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
