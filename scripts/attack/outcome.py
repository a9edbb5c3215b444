"""What an attack came to, and the table of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """``held`` of ``tried`` attacks did no harm; ``faults`` say what the others did.

    ``held`` is None where an attack could not be tried here, and ``found`` says why. It also says
    what else was measured.
    """

    attack: str
    tried: int
    held: int | None
    found: str = ""
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.held in (None, self.tried)


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table, and the faults below it."""
    lines = ["| attack | tried | held | what was found |", "|---|---:|---:|---|"]
    for each in outcomes:
        held = "skipped" if each.held is None else f"{each.held:,}"
        lines.append(f"| {each.attack} | {each.tried:,} | {held} | {each.found} |")
    faults = [f"- {each.attack}: {fault}" for each in outcomes for fault in each.faults]
    return "\n".join(lines) + "\n" + ("\nFaults:\n\n" + "\n".join(faults) + "\n" if faults else "")
