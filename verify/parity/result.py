"""The verdict: each criterion's figure, its limit, and the smallest limit that would pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

NetworkCriterion = Literal[
    "values", "inputs", "structure", "arithmetic", "evidence", "layers", "top-1"
]
"""What a port is judged by where the source framework's network answers, in a verdict's order."""
CriterionName = NetworkCriterion | Literal["operators"]
"""The same, and what a graph is judged by where only its operators can be."""


@dataclass(frozen=True)
class Criterion:
    """One thing a port must satisfy.

    ``figure`` is what was measured, ``limit`` the largest figure that passes (or the two bounds of
    a range), ``needed`` the smallest limit that would have passed. ``detail`` says it in words.
    """

    name: CriterionName
    passed: bool
    detail: str
    figure: float | None = None
    limit: float | tuple[float, float] | None = None
    needed: float | None = None


@dataclass(frozen=True)
class LayerError:
    """How far a layer's output is from the source's, relative to its scale.

    ``port64``, ``port32``: the port in float64 and float32; ``source32``: the source framework in
    float32; all are compared with the source in float64. None if the port has no such layer.
    """

    source: str
    module: str
    block: str
    port64: float | None
    port32: float | None
    source32: float


@dataclass(frozen=True)
class Finding:
    """Where a port first differs from its source.

    ``here`` says whether the block itself is wrong, or only its input. ``layers`` are the layers of
    the block that differ, in execution order.
    """

    block: str
    here: bool
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Observed:
    """Figures that are reported but not judged."""

    kl_divergence: float
    top5_sets_equal: int
    rank_agreement: float
    top1_equal: int
    top1_decidable: int


@dataclass(frozen=True)
class Score:
    """A class by its index, with its logit and its softmax."""

    index: int
    logit: float
    softmax: float


@dataclass(frozen=True)
class ImageAnswer:
    """The five highest classes of one image, best first: source in float64, port in float32."""

    name: str
    source: tuple[Score, ...]
    port: tuple[Score, ...]


@dataclass(frozen=True)
class Parity:
    """The verdict on one model.

    ``about`` describes the source's side (versions, sha256 of inputs and weights), ``environment``
    the port's (versions and platform). ``leg`` is what a graph's verdict stands on: ``network``,
    MXNet ran the very graph, or ``operators``, each operator is proven by itself.
    """

    model: str
    reference: str
    images: int
    criteria: tuple[Criterion, ...]
    finding: Finding | None
    layers: tuple[LayerError, ...] = ()
    observed: Observed | None = None
    checkpoint: str | None = None
    about: dict[str, Any] = field(default_factory=dict)
    answers: tuple[ImageAnswer, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    leg: Literal["network", "operators"] | None = None

    @property
    def passed(self) -> bool:
        """Every criterion holds, and there was at least one."""
        return bool(self.criteria) and all(criterion.passed for criterion in self.criteria)

    @property
    def first_bad_block(self) -> str | None:
        """The block where the port first differs from its source."""
        return self.finding.block if self.finding else None

    def criterion(self, name: str) -> Criterion | None:
        """The criterion of that name; None if it was not judged."""
        return next((c for c in self.criteria if c.name == name), None)

    def failure(self) -> str:
        """One line: what failed, by how much, where."""
        failed = "; ".join(f"{c.name}: {c.detail}" for c in self.criteria if not c.passed)
        if self.finding is None:
            return f"{self.model}: {failed}"
        where = "wrong here" if self.finding.here else "given wrong input"
        layers = ", ".join(self.finding.layers)
        what = "node" if self.leg else "block"
        return f"{self.model}: {failed}; first bad {what} {self.finding.block} ({where}: {layers})"

    def as_json(self) -> dict[str, Any]:
        """The verdict as JSON values, the contract's fields first; what is not finite is null."""
        structure, arithmetic = self.criterion("structure"), self.criterion("arithmetic")
        values = {
            "model": self.model,
            "passed": self.passed,
            "reference": self.reference,
            "images": self.images,
            "structure": structure and {"max_abs": structure.figure, "limit": structure.limit},
            "arithmetic": arithmetic and {"ratio": arithmetic.figure, "limits": arithmetic.limit},
            "first_bad_block": self.first_bad_block,
            "checkpoint": self.checkpoint,
            "finding": self.finding and asdict(self.finding),
            "criteria": [asdict(criterion) for criterion in self.criteria],
            "observed": self.observed and asdict(self.observed),
            "layers": [asdict(layer) for layer in self.layers],
            "answers": [asdict(answer) for answer in self.answers],
            "about": self.about,
            "environment": self.environment,
            **({} if self.leg is None else {"leg": self.leg}),
        }
        return {name: _finite(value) for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Parity:
        """The verdict from the values that ``as_json`` gave.

        Raises KeyError, TypeError or ValueError for other values.
        """
        observed, finding = values["observed"], values["finding"]
        return cls(
            model=values["model"],
            reference=values["reference"],
            images=values["images"],
            criteria=tuple(
                Criterion(**{**entry, "limit": _limit(entry["limit"])})
                for entry in values["criteria"]
            ),
            finding=finding and Finding(**{**finding, "layers": tuple(finding["layers"])}),
            layers=tuple(LayerError(**entry) for entry in values["layers"]),
            observed=observed and Observed(**observed),
            checkpoint=values["checkpoint"],
            about=dict(values["about"]),
            answers=tuple(
                ImageAnswer(
                    entry["name"],
                    tuple(Score(**score) for score in entry["source"]),
                    tuple(Score(**score) for score in entry["port"]),
                )
                for entry in values["answers"]
            ),
            environment=dict(values["environment"]),
            leg=values.get("leg"),
        )


def _limit(limit: Any) -> Any:
    """A limit as it was: JSON has a list for the two bounds of a range."""
    return tuple(limit) if isinstance(limit, list) else limit


def _finite(value: Any) -> Any:
    """``value`` with None for NaN and infinities, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
