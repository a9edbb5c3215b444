"""Preprocessing constants in an exported network, compared with the model's own regime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from architectures.catalogue.normalisation import normalisation
from convert.formats import Checkpoint

if TYPE_CHECKING:
    from convert.laid import Fit

Values = tuple[float, ...]
ENDINGS = {"mean": ("mean",), "scale": ("scale", "std")}  # GluonCV's export_block: init_mean, ...
CLOSE = 1e-5  # relative: the constants are float32, the regimes' figures have at most six digits


@dataclass(frozen=True)
class Preprocessing:
    """The constants of a file by name, each with one value or one value for each channel.

    ``mean`` and ``scale`` are the two that normalise, (pixel - mean) / scale, if the names say so.
    ``agrees`` says whether ``regime``, the model's own, does the same with pixels from 0 to 255 or
    from 0 to 1; it is None if the constants do not say.
    """

    constants: Mapping[str, Values]
    mean: Values | None
    scale: Values | None
    regime: str
    agrees: bool | None

    def __str__(self) -> str:
        listed = ", ".join(
            f"{name} ({', '.join(f'{value:g}' for value in values)})"
            for name, values in self.constants.items()
        )
        verdict = {
            None: f"which were not compared with the regime {self.regime}",
            True: f"which normalise like the regime {self.regime}",
            False: f"which do not normalise like the regime {self.regime}: normalise the network's "
            f"images with these constants",
        }[self.agrees]
        return f"preprocessing constants were not converted: {listed}, {verdict}"

    def as_json(self) -> dict[str, Any]:
        """The findings as JSON values; what is not finite is null."""
        return {
            "mean": _finite(self.mean),
            "scale": _finite(self.scale),
            "regime": self.regime,
            "agrees": self.agrees,
            "constants": {name: _finite(values) for name, values in self.constants.items()},
        }


def preprocessing_beside(checkpoint: Checkpoint, found: Fit) -> Preprocessing | None:
    """The preprocessing that the constants beside a network describe; None without constants."""
    names = found.beside.constants
    constants = {
        tensor.name: tuple(map(float, np.asarray(tensor.copy(), np.float64).reshape(-1)))
        for tensor in checkpoint.tensors
        if tensor.name in names
    }
    if not constants:
        return None
    mean, scale = (_only(constants, ENDINGS[role]) for role in ("mean", "scale"))
    regime = found.model.regimes[0]
    agrees = None
    if mean and scale:
        rule = normalisation(regime, found.model)
        unit = rule.scale or 1.0
        agrees = any(
            _close(mean, rule.mean, factor) and _close(scale, rule.std, factor)
            for factor in (unit, unit / 255)
        )
    return Preprocessing(constants, mean, scale, regime, agrees)


def _only(constants: Mapping[str, Values], endings: tuple[str, ...]) -> Values | None:
    found = [values for name, values in constants.items() if name.endswith(endings)]
    return found[0] if len(found) == 1 else None


def _close(values: Values, expected: Values, factor: float) -> bool:
    try:
        return bool(np.allclose(values, np.multiply(expected, factor), rtol=CLOSE, atol=0))
    except ValueError:  # another number of channels
        return False


def _finite(values: Values | None) -> list[float | None] | None:
    return None if values is None else [value if isfinite(value) else None for value in values]
