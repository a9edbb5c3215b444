"""The processes of one run: they agree at the start, and exchange chunks at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from mappings.errors import AccuracyError

T = TypeVar("T")
PATIENCE = timedelta(days=7)  # for the slowest rank; torchrun ends all if one dies


@dataclass(frozen=True)
class Ranks:
    """This process among all (``rank`` of ``world``) and among those on its machine."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1

    def everyones(self, value: T) -> list[T]:
        """The values of all ranks, in order; waits for all."""
        if self.world == 1:
            return [value]
        from torch import distributed

        values: list[T | None] = [None] * self.world
        with _together():
            distributed.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def gather(self, value: T) -> list[T]:
        """The values of all ranks on rank 0, which waits for all; nothing on the others."""
        if self.world == 1:
            return [value]
        from torch import distributed

        values: list[T | None] | None = [None] * self.world if self.rank == 0 else None
        with _together():
            distributed.gather_object(value, values)
        return values or []  # type: ignore[return-value]

    def leave(self) -> None:
        """Leave the group of processes."""
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
    """Join the processes that torchrun started, over gloo; without torchrun, run alone."""
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
