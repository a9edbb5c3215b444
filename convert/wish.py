"""What the user asked a conversion for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convert.gluon_names import GluonNaming
from convert.precision import Precision
from convert.sources.fetched import Fetched


@dataclass(frozen=True)
class Wish:
    """What the user asked for, see ``convert``; ``fetched`` says where it came from, and ``shapes``
    are those of a graph's inputs by name."""

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
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
