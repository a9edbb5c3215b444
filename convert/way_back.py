"""What the record beside a converted checkpoint says of the file that it came from, for the way
back to ``.params``: the classifier's own name, and gammas that count as 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from architectures import Model
from convert.formats import Array, Checkpoint
from convert.formats.records import PROVENANCE, find_record, read_record
from convert.kept_values import restored
from mappings.errors import FormatError


@dataclass(frozen=True)
class WayBack:
    """``classifier`` is the layer's name in the network and in the original file, None for the
    table's own name.
    ``gammas`` are kept values by the network's name; ``record`` is the file that has them."""

    classifier: tuple[str, str] | None = None
    gammas: Mapping[str, Any] | None = None
    record: Path | None = None

    @classmethod
    def of(cls, checkpoint: Checkpoint, model: Model) -> WayBack:
        """Read the record beside a checkpoint of ``model``; without one everything is empty."""
        try:
            values = read_record(checkpoint.path, PROVENANCE)
            record = find_record(checkpoint.path, PROVENANCE)
        except FormatError:
            return cls()
        classifier, gammas = values.get("classifier"), values.get("fixed_gammas")
        if values.get("model") != model.name:
            return cls()
        return cls(
            (model.classifier, classifier) if isinstance(classifier, str) and classifier else None,
            gammas if isinstance(gammas, dict) else None,
            record,
        )

    def renamed(self, names: Mapping[str, str]) -> dict[str, str]:
        """``names`` (network -> file) with the classifier's own name, ``arg:fc_weight``."""
        if self.classifier is None:
            return dict(names)
        layer, own = self.classifier
        return {
            target: f"arg:{own}_{target.removeprefix(f'{layer}.')}"
            if target.startswith(f"{layer}.")
            else name
            for target, name in names.items()
        }

    def gamma(self, name: str, shape: tuple[int, ...]) -> Array | None:
        """The original values of a gamma that counts as 1, None if they are not kept."""
        if self.gammas is None or self.record is None or name not in self.gammas:
            return None
        return restored(self.record, name, shape, self.gammas[name])
