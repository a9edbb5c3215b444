"""The share of one machine in what many machines do together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MOST = 1_000_000  # shares


@dataclass(frozen=True)
class Share:
    """Share ``number`` (from 1) of ``total``. Together the shares have everything, each thing once.

    It depends on nothing but the names: every machine finds the same shares by itself.
    """

    number: int = 1
    total: int = 1

    @classmethod
    def parse(cls, text: str) -> Share:
        """The share that is written ``2/5``. Raises ValueError for any other text."""
        number, slash, total = text.partition("/")
        digits = (number, total)
        if slash and all(part.isascii() and part.isdecimal() and len(part) < 9 for part in digits):
            if 1 <= int(number) <= int(total) <= MOST:
                return cls(int(number), int(total))
        raise ValueError(f"{text!r}: expected I/N, from 1/N to N/N")

    @classmethod
    def of_torchrun(cls, environment: Mapping[str, str] = os.environ) -> Share | None:
        """The share of this process among those that torchrun started; None without torchrun.

        Raises ValueError for variables that are not those of torchrun.
        """
        rank, world = environment.get("RANK"), environment.get("WORLD_SIZE")
        if rank is None or world is None or world == "1":
            return None
        if not (rank.isascii() and rank.isdecimal()):
            raise ValueError(f"RANK is {rank!r}: expected a number from 0")
        try:
            return cls.parse(f"{int(rank) + 1}/{world}")
        except ValueError:
            raise ValueError(f"RANK is {rank} and WORLD_SIZE is {world!r}: give --shard") from None

    def take(self, names: Iterable[str]) -> list[str]:
        """The names of this share, sorted. Shares differ by one name at most."""
        return sorted(names)[self.number - 1 :: self.total]

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"
