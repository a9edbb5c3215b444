"""One case of an operator's conformance: a node, and how its inputs are drawn.

Both sides draw the inputs themselves, so that a golden holds descriptions and outputs alone. The
rules are those of ``verify/reference/operator_reference.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convert.formats import Array

BOTH = ("float64", "float32")


@dataclass(frozen=True)
class DrawnInput:
    """One input: its shape and how its numbers are drawn, by the rules of the reference script.

    ``dtype`` None is the dtype of the run. ``parameters`` are what the rule needs: ``low``,
    ``high``, ``seed``, ``levels``, ``values``, ``columns``.
    """

    shape: tuple[int, ...]
    rule: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dtype: str | None = None

    def numbers(self) -> Array:
        """The numbers, float64; float32 can hold each of them."""
        return _draw({"draw": self.rule, **self.parameters}, self.shape)

    def described(self) -> dict[str, Any]:
        """As the reference script reads it."""
        dtype = {} if self.dtype is None else {"dtype": self.dtype}
        return {"shape": list(self.shape), "draw": self.rule, **self.parameters, **dtype}


@dataclass(frozen=True)
class OperatorCase:
    """A node with drawn inputs: any of the operator's names, and attributes as text.

    ``runs``: the precisions in which MXNet can run it. ``numpy``: MXNet's numpy mode, where sizes
    of 0 and shapes of () are values.
    """

    operator: str
    attributes: Mapping[str, str]
    inputs: tuple[DrawnInput, ...]
    runs: tuple[str, ...] = BOTH
    numpy: bool = False

    def described(self) -> dict[str, Any]:
        """As the reference script reads it."""
        return {
            "operator": self.operator,
            "attributes": dict(self.attributes),
            "inputs": [drawn.described() for drawn in self.inputs],
            "runs": list(self.runs),
            "numpy": self.numpy,
        }

    def __str__(self) -> str:
        attributes = ", ".join(f"{name}={text}" for name, text in self.attributes.items())
        shapes = ", ".join("x".join(map(str, drawn.shape)) or "()" for drawn in self.inputs)
        return f"{self.operator}({attributes}) of {shapes or 'nothing'}"


def read_case(described: Mapping[str, Any]) -> OperatorCase:
    """The case that ``described`` gives."""
    return OperatorCase(
        described["operator"],
        described["attributes"],
        tuple(_read_input(drawn) for drawn in described["inputs"]),
        tuple(described["runs"]),
        described["numpy"],
    )


def _read_input(described: Mapping[str, Any]) -> DrawnInput:
    rest = {key: described[key] for key in described if key not in ("shape", "draw", "dtype")}
    shape = tuple(described["shape"])
    return DrawnInput(shape, described["draw"], rest, described.get("dtype"))


def _draw(spec: Mapping[str, Any], shape: tuple[int, ...]) -> Array:
    """Float64 numbers that float32 can hold."""
    rule, low, high = spec["draw"], spec.get("low", 0), spec.get("high", 1)
    if rule == "columns":
        parts = [_draw(part, (*shape[:-1], part["width"])) for part in spec["columns"]]
        return np.concatenate(parts, axis=-1)
    random = np.random.RandomState(spec.get("seed", 0))
    if rule == "uniform":
        numbers = low + (high - low) * random.random_sample(shape)
    elif rule == "integers":
        numbers = random.randint(low, high, shape, dtype=np.int64)
    elif rule == "ties":
        levels = spec["levels"]
        numbers = low + (high - low) * random.randint(0, levels, shape, dtype=np.int64) / levels
    elif rule == "values":
        numbers = np.array([float(value) for value in spec["values"]]).reshape(shape)
    elif rule == "boxes":
        corners = low + (high - low) * random.random_sample((*shape[:-1], 2, 2))
        numbers = np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)
    else:
        raise ValueError(f"no rule for drawing {rule!r}")
    return np.asarray(numbers, np.float32).astype(np.float64).reshape(shape)
