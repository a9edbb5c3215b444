"""What is to be written of a checkpoint, where, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from convert.formats import Checkpoint
from convert.laid import Fit
from convert.precision import Precision
from convert.sources.fetched import Fetched
from convert.way_back import WayBack


@dataclass(frozen=True)
class Request:
    """A checkpoint that fits its network without residues, and the file to write.

    ``names`` gives each tensor of the network its name in a ``.params`` file; None writes
    safetensors under the network's own names. ``back`` is what is known of the original ``.params``
    on the way back. ``notes`` are sentences on how the source was found. ``fetched`` says where the
    source was fetched from. ``ignore`` are the patterns of the tensors that the user left out.
    ``force`` replaces an existing target, and ``allow_nonfinite`` writes NaN and infinity too.
    """

    found: Fit
    checkpoint: Checkpoint
    target: Path
    precision: Precision = "float32"
    names: Mapping[str, str] | None = None
    back: WayBack = field(default_factory=WayBack)
    notes: tuple[str, ...] = ()
    fetched: Fetched | None = None
    ignore: tuple[str, ...] = ()
    allow_nonfinite: bool = False
    force: bool = False
