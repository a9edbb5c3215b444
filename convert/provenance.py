"""What a conversion did, and the record of it beside the target."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convert.formats import Checkpoint

from convert.formats.records import PROVENANCE


@dataclass(frozen=True)
class Conversion:
    """A conversion that was done and proven.

    ``tensors`` and ``parameters`` count what the target holds; hashes are sha256 in hex,
    ``source_sha256`` None for synthetic weights, which have no file. ``notes`` say what was seen
    through in the source's names and what was left out. ``num_classes`` is 0 without a classifier,
    ``in_chans`` is the number of channels of the network's images.
    """

    model: str
    source: str
    source_format: str
    naming: str
    notes: tuple[str, ...]
    target: str
    tensors: int
    parameters: int
    num_classes: int
    in_chans: int
    dtype: str
    synthetic: bool
    source_sha256: str | None
    target_sha256: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**asdict(self), "notes": list(self.notes)}


def provenance_text(
    conversion: Conversion,
    mapping_digest: str,
    digests: Mapping[str, str],
    *,
    url: str | None,
    checkpoint: Checkpoint,
    ignore: Sequence[str],
    shards: Mapping[str, str],
    preprocessing: Mapping[str, Any] | None,
) -> str:
    """The provenance as JSON: everything needed to check the target against its source again.

    ``shards`` are the files behind a source that is only their index, with their sha256; the
    ``checkpoint`` says which of the source's tensors were taken, and ``ignore`` are the patterns of
    those that were left out; ``preprocessing`` are the constants of a source that carries its own.
    """
    from importlib.metadata import version

    record = {
        "schema": PROVENANCE.schema,
        "tool": {"name": "gluonport", "version": version("gluonport")},
        **conversion.as_json(),
        "source": conversion.source if conversion.synthetic else os.path.abspath(conversion.source),
        "target": Path(conversion.target).name,
        "source_url": url,
        "source_shards": dict(shards),
        "weights": checkpoint.weights,
        "ema": checkpoint.averaged,
        "ignore": list(ignore),
        "ignored": list(checkpoint.ignored),
        "preprocessing": preprocessing,
        "mapping_sha256": mapping_digest,
        "tensor_sha256": dict(digests),
    }
    return json.dumps(record, indent=1) + "\n"


def sha256(path: Path) -> str:
    """sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
