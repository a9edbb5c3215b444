"""One of many conversions, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from convert.precision import Precision
from convert.provenance import Conversion
from mappings.choice import NO_CHOICE, Choice


@dataclass(frozen=True)
class ManyOptions:
    """What is the same for all of many conversions; see ``convert.conversion.convert``."""

    dtype: Precision = "float32"
    classifier: bool = True
    choice: Choice = NO_CHOICE
    force: bool = False
    allow_nonfinite: bool = False

    def as_json(self) -> dict[str, Any]:
        """What decides the bytes of the results."""
        choice = self.choice
        return {
            "dtype": self.dtype,
            "classifier": self.classifier,
            "ema": choice.ema,
            "weights": choice.weights,
            "ignore": list(choice.ignore),
        }


@dataclass(frozen=True)
class OneConversion:
    """A model (or ``auto``), its source and its target. ``source`` is None for the published
    checkpoint."""

    name: str
    source: str | None
    target: Path
    options: ManyOptions


def convert_one(given: OneConversion) -> dict[str, Any]:
    """Convert, unless that is done already. The fields of the Conversion, with a ``status``:
    ``converted`` or ``skipped``.

    Raises a GluonportError that says what failed.
    """
    from convert.conversion import convert
    from convert.many.finished import finished

    options, target, choice = given.options, given.target, given.options.choice
    if not options.force:
        known = finished(
            given.name, target, given.source, options.dtype, options.classifier, choice
        )
        if known is not None:
            values = {field.name: known.get(field.name) for field in fields(Conversion)}
            return {"status": "skipped", **values, "target": str(target)}
    target.parent.mkdir(parents=True, exist_ok=True)
    done = convert(
        given.name,
        target,
        given.source,
        options.dtype,
        force=options.force,
        allow_nonfinite=options.allow_nonfinite,
        ema=choice.ema,
        weights=choice.weights,
        ignore=choice.ignore,
        classifier=options.classifier,
    )
    return {"status": "converted", **done.as_json()}
