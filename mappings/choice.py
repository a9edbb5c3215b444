"""Which tensors to take from a file that holds the weights of more than one network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Choice:
    """What a user chooses among a file's weights.

    ``ema`` takes the averaged weights (True) or the last weights (False) of a file that has both.
    ``weights`` is the key of the set to take: the keys that lead to it, or the beginning of its
    names, joined by dots. ``ignore`` are patterns (of fnmatch) of names to leave out.
    """

    ema: bool | None = None
    weights: str | None = None
    ignore: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != Choice()

    def ignored(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names that a pattern matches."""
        return tuple(n for n in names if any(fnmatchcase(n, pattern) for pattern in self.ignore))

    def unmatched(self, ignored: Iterable[str]) -> tuple[str, ...]:
        """The patterns that match none of the ignored names."""
        names = tuple(ignored)
        return tuple(p for p in self.ignore if not any(fnmatchcase(n, p) for n in names))


NO_CHOICE = Choice()
