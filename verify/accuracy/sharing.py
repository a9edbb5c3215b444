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

    @property
    def own(self) -> range:
        """This rank's chunks; rank and world size alone say which they are."""
        return range(self.ranks.rank, len(self.ledger.chunks), self.ranks.world)

    def missing(self) -> list[int]:
        """This rank's chunks that are not finished."""
        return self.ledger.missing(self.own)

    def bring_together(self) -> bool:
        """Wait for all ranks; True on rank 0, which then has every chunk finished anywhere.

        Rank 0 says which chunks its folder lacks, and the others send those that they have, a few
        hundred bytes for each image. So nobody has to find out which ranks share a folder.
        """
        ledger, ranks = self.ledger, self.ranks
        ledger.pack(self.own)
        if ranks.world > 1:
            ranks.everyones(None)
            found = ranks.everyones(ledger.missing() if ranks.rank == 0 else [])
            lacking = [c for c in found[0] if c % ranks.world == ranks.rank]
            texts = [(c, ledger.text(c)) for c in lacking] if ranks.rank else []
            for chunk, text in (part for parts in ranks.gather(texts) for part in parts):
                if text is not None:
                    ledger.accept(chunk, text)
            if ranks.rank == 0:
                ledger.pack(found[0])
        ledger.tidy()
        return ranks.rank == 0


def open_ledger(
    folder: Path | str,
    identity: Identity,
    manifest: Manifest,
    classes: int,
    ranks: Ranks,
    others: Sequence[Path | str] = (),
) -> SharedLedger:
    """Open ``folder`` on every rank, and take over the chunks of ``others`` that rank 0 sees.

    Raises AccuracyError if ranks, or a folder, belong to another run, and says what differs.
    """
    for rank, other in enumerate(ranks.everyones(identity.as_json())):
        if unlike := differences(other, identity.as_json()):
            raise AccuracyError(f"rank {rank} is not of this run: {first_few(unlike)}")
    if ranks.rank == 0:  # before the others, who may open the same folder
        ledger = Ledger(folder, identity, manifest, classes, ranks.world)
        for path in others:
            ledger.adopt(path)
    ranks.everyones(None)
    if ranks.rank != 0:
        ledger = Ledger(folder, identity, manifest, classes, ranks.world)
    return SharedLedger(ledger, ranks)
