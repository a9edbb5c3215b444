"""One ledger for all ranks: one folder where they share it, else sent to rank 0 at the end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.identity import Identity, differences
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import Manifest
from verify.accuracy.ranks import Ranks

MEETING = ".meeting-{}"


@dataclass(frozen=True)
class SharedLedger:
    """A rank's ledger, and whether it is the folder that rank 0 has."""

    ledger: Ledger
    shared: bool
    ranks: Ranks

    def missing(self) -> list[int]:
        """This rank's chunks that are not finished; which are its own depends on nothing else."""
        return [c for c in self.ledger.missing() if c % self.ranks.world == self.ranks.rank]

    def bring_together(self) -> bool:
        """Wait for all; True on rank 0, which then has every chunk that was finished anywhere."""
        ledger, sent = self.ledger, list[tuple[int, str]]()
        if not self.shared:
            own = range(self.ranks.rank, len(ledger.chunks), self.ranks.world)
            sent = [(c, ledger.text(c)) for c in own if ledger.path(c).exists()]
        for chunk, text in (part for parts in self.ranks.gather(sent) for part in parts):
            ledger.accept(chunk, text)
        return self.ranks.rank == 0


def open_ledger(
    folder: Path,
    identity: Identity,
    manifest: Manifest,
    classes: int,
    ranks: Ranks,
    others: Sequence[Path] = (),
) -> SharedLedger:
    """Open ``folder`` on every rank, and take over the chunks of ``others`` that rank 0 sees.

    Raises AccuracyError where ranks, or a folder, belong to another run, saying what differs.
    """
    for rank, other in enumerate(ranks.everyones(identity.as_json())):
        if unlike := differences(other, identity.as_json()):
            raise AccuracyError(f"rank {rank} is not of this run: {first_few(unlike)}")
    token = uuid.uuid4().hex
    if ranks.rank == 0:
        ledger = Ledger(folder, identity, manifest, classes)
        for path in others:
            ledger.adopt(path)
    meeting = folder / MEETING.format(ranks.everyones(token)[0])
    if ranks.rank == 0:
        meeting.touch(exist_ok=False)
    ranks.everyones(None)
    shared = meeting.exists()
    if ranks.rank != 0:
        ledger = Ledger(folder, identity, manifest, classes)
    ranks.everyones(None)
    if ranks.rank == 0:
        meeting.unlink()
    return SharedLedger(ledger, shared, ranks)
