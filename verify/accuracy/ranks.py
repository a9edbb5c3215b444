"""The processes of one run: they agree at the start, and meet at the end; nothing in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from mappings.errors import AccuracyError

T = TypeVar("T")
PATIENCE = timedelta(days=7)  # the slowest rank is waited for; torchrun ends the rest if one dies


@dataclass(frozen=True)
class Ranks:
    """This process among all (``rank`` of ``world``) and among those of its machine."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    def everyones(self, value: T) -> list[T]:
        """``value`` of every rank, by rank; waits for all."""
        if self.world == 1:
            return [value]
        from torch import distributed

        values: list[T | None] = [None] * self.world
        with _together():
            distributed.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """``value`` of every rank, on rank 0; elsewhere nothing. Rank 0 waits for all."""
        if self.world == 1:
            return [value]
        from torch import distributed

        values: list[T | None] | None = [None] * self.world if self.rank == 0 else None
        with _together():
            distributed.gather_object(value, values)
        return values or []  # type: ignore[return-value]

    def leave(self) -> None:
        """Take leave of the others."""
        if self.world > 1:
            from torch import distributed

            distributed.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise AccuracyError("another rank has ended: its own message says why") from error


def join() -> Ranks:
    """Meet the other processes that torchrun started, over gloo; alone where there are none."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Ranks()
    from torch import distributed

    distributed.init_process_group("gloo", timeout=PATIENCE)
    return Ranks(
        distributed.get_rank(),
        distributed.get_world_size(),
        int(os.environ.get("LOCAL_RANK", "0")),
        int(os.environ.get("LOCAL_WORLD_SIZE", "1")),
    )
