"""Words for people: counts in English, and text that stays on its line."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 misfit``, ``2 misfits``; ``many`` is the plural if it is not ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def one_line(text: str) -> str:
    """``text`` without line breaks and control characters, which a file's names may contain."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_few(names: Iterable[str], most: int = 5) -> str:
    """The first ``most`` of many names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
