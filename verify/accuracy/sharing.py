"""One ledger for all ranks, whether or not they share its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.identity import Identity, differences
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import Manifest
from verify.accuracy.ranks import Ranks


@dataclass(frozen=True)
class SharedLedger:
    """A rank's ledger. Its folder may be that of rank 0, or one on another machine."""

    ledger: Ledger
    ranks: Ranks

    def missing(self) -> list[int]:
        """This rank's chunks that are not finished; rank and world size alone say which are its."""
        return [c for c in self.ledger.missing() if c % self.ranks.world == self.ranks.rank]

    def bring_together(self) -> bool:
        """Wait for all ranks; True on rank 0, which then has every chunk finished anywhere.

        The others send their chunks, a few hundred bytes for each image, so that nobody has to find
        out which ranks share a folder.
        """
        ledger = self.ledger
        own = (
            range(self.ranks.rank, len(ledger.chunks), self.ranks.world) if self.ranks.rank else ()
        )
        sent = [(c, ledger.text(c)) for c in own if ledger.path(c).exists()]
        for chunk, text in (part for parts in self.ranks.gather(sent) for part in parts):
            if ledger.read(chunk) is None:
                ledger.accept(chunk, text)
        ledger.tidy()
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

    Raises AccuracyError if ranks, or a folder, belong to another run, and says what differs.
    """
    for rank, other in enumerate(ranks.everyones(identity.as_json())):
        if unlike := differences(other, identity.as_json()):
            raise AccuracyError(f"rank {rank} is not of this run: {first_few(unlike)}")
    if ranks.rank == 0:  # before the others, who may open the same folder
        ledger = Ledger(folder, identity, manifest, classes)
        for path in others:
            ledger.adopt(path)
    ranks.everyones(None)
    if ranks.rank != 0:
        ledger = Ledger(folder, identity, manifest, classes)
    return SharedLedger(ledger, ranks)
