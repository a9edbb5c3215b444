"""What the user asked a conversion for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convert.gluon_names import GluonNaming
from convert.precision import Precision
from convert.sources.fetched import Fetched


@dataclass(frozen=True)
class Wish:
    """What the user asked for, see ``convert``; ``fetched`` says where it came from."""

    name: str
    target: Path
    source: str | None
    params: str | None
    precision: Precision
    naming: GluonNaming
    force: bool
    allow_nonfinite: bool
    classifier: bool
    fetched: Fetched | None = None
