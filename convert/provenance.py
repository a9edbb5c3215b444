"""What a conversion did, and its record beside the target."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convert.formats.records import PROVENANCE, record_text
from convert.sources.fetched import Fetched
from mappings.notebook_card import notebook_card

if TYPE_CHECKING:
    from convert.preprocessing import Preprocessing
    from convert.request import Request


@dataclass(frozen=True)
class Conversion:
    """A finished conversion whose target was reread and compared.

    ``tensors`` and ``parameters`` count what the target holds. The hashes are sha256 in hex;
    ``source_sha256`` is None for synthetic weights, which have no file. ``notes`` are sentences on
    how the source wraps or decorates its names, and on what was left out. ``num_classes`` is 0
    without a classifier. ``in_chans`` is the number of channels of the network's images.
    ``fetched`` is what ``--from`` takes to fetch the same source again, None for a local file.
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
    fetched: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {**asdict(self), "notes": list(self.notes)}

    def _repr_html_(self) -> str:
        """What was converted, for a notebook."""
        made = "synthetic weights: a test of names and networks, not a model"
        return notebook_card(
            "CONVERTED",
            "open" if self.synthetic else "pass",
            f"{self.model} to {os.path.basename(self.target)}",
            [
                ("source", f"{self.source} ({self.source_format}, {self.naming} names)"),
                ("weights", made if self.synthetic else ""),
                ("tensors", f"{self.tensors:,}, every one reread and equal"),
                ("parameters", f"{self.parameters:,}, {self.dtype}"),
                ("classes", self.num_classes or ""),
                *(("note", note) for note in self.notes),
                ("sha256", self.target_sha256),
            ],
        )


@dataclass(frozen=True)
class Evidence:
    """What was written, and from what: sha256 in hex of the source's files, of the target, and of
    each of its tensors by name."""

    sources: tuple[str, ...]
    target: str
    tensors: Mapping[str, str]


def source_of(fetched: Fetched | None) -> str | None:
    """What fetches a source again."""
    return None if fetched is None else fetched.source


def origin(fetched: Fetched | None) -> dict[str, Any]:
    """The fields of a provenance that say where the source was fetched from."""
    return Fetched(Path(), None).as_json() if fetched is None else fetched.as_json()


def provenance_text(
    conversion: Conversion,
    request: Request,
    evidence: Evidence,
    constants: Preprocessing | None,
    fixed: Mapping[str, Any],
) -> str:
    """The provenance as JSON: everything needed to check the target against its source again.

    ``constants`` are those of a source that carries its own preprocessing. ``fixed`` are its values
    of gammas that count as 1.
    """
    from importlib.metadata import version

    checkpoint = request.checkpoint
    files = zip(checkpoint.files[1:], evidence.sources[1:], strict=True)
    values = {
        "tool": {"name": "gluonport", "version": version("gluonport")},
        **conversion.as_json(),
        "source": conversion.source if conversion.synthetic else os.path.abspath(conversion.source),
        "target": Path(conversion.target).name,
        **origin(request.fetched),
        "source_shards": {file.path.name: digest for file, digest in files},
        "weights": checkpoint.weights,
        "ema": checkpoint.averaged,
        "ignore": list(request.ignore),
        "ignored": list(checkpoint.ignored),
        "preprocessing": constants and constants.as_json(),
        "fixed_gammas": dict(fixed),
        "classifier": request.found.naming.classifier,
        "mapping_sha256": request.found.table.digest,
        "tensor_sha256": dict(evidence.tensors),
    }
    return record_text(PROVENANCE, values)
