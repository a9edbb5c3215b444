"""The verdict: each criterion's figure, its limit, and the smallest limit that would pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any, Literal

from mappings.notebook_card import notebook_card

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
class DifferenceMap:
    """Where an output that is a map, (..., H, W), differs most from the source's: the map of one
    case and one channel (of all axes between).

    ``peak``: the largest difference, at ``row`` and ``column``, between both sides in
    ``precision``. ``levels``: the differences as rows of a grid that covers the map, two
    hexadecimal digits a cell: the largest difference in the cell, 255 is the peak.
    """

    case: int
    channel: tuple[int, ...]
    height: int
    width: int
    row: int
    column: int
    peak: float
    precision: Literal["float64", "float32"]
    levels: tuple[str, ...]

    @property
    def channels(self) -> tuple[int, ...]:
        """The channel without the axis of a batch of one."""
        return self.channel[1:] if self.channel[:1] == (0,) else self.channel

    def __post_init__(self) -> None:
        rows = [bytes.fromhex(row) for row in self.levels]
        if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
            raise ValueError("the rows of a map have different lengths")


@dataclass(frozen=True)
class OutputError:
    """One output of a graph, and how far it is from the source's.

    ``shape``: of one case; ``known``: of how many of its numbers the reference has each one.
    ``dtype``: ``float``, or the name of its integer type. ``after_choice``: whether it follows a
    discrete step (suppression, sorting), so that its float32 numbers are not judged. ``largest``:
    the largest magnitude of the source's. ``port64``, ``port32``, ``source32``: the largest
    differences from the source in float64, or where the source has none, from the port in float64;
    None if there is no such output.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    known: int
    after_choice: bool
    largest: float
    port64: float | None
    port32: float | None
    source32: float | None
    map: DifferenceMap | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether the reference has some of the numbers only, and digests of all."""
        return self.known < prod(self.shape)

    def described(self) -> str:
        """The shape and the differences, in words."""
        shape = "x".join(map(str, self.shape)) or "one number"
        if self.port64 is not None:
            what = f"differs by {self.port64:.3g} in float64"
        elif self.port32 is not None:
            what = f"differs by {self.port32:.3g} in float32"
        else:
            what = "is not computed with this shape"
        return f"({shape}) {what}, its largest value is {self.largest:.3g}"

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OutputError:
        """The output from the values that ``asdict`` gave; None stands for what is not finite."""
        drawn = values["map"]
        if drawn is not None:
            channel, levels = tuple(drawn["channel"]), tuple(drawn["levels"])
            drawn = DifferenceMap(**{**drawn, "channel": channel, "levels": levels})
        return cls(**{**values, "shape": tuple(values["shape"]), "map": drawn})


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
    MXNet ran the very graph, or ``operators``, each operator is proven by itself. ``outputs`` are
    those of a graph. ``task`` is what the network is for, where the catalogue says it.
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
    outputs: tuple[OutputError, ...] = ()
    task: str | None = None

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

    def _repr_html_(self) -> str:
        """The verdict, for a notebook."""
        where = f", on the {self.leg}" if self.leg else ""
        found = self.finding
        place = "wrong here" if found and found.here else "given wrong input"
        where_wrong = f"{found.block}, {place}" if found else ""
        return notebook_card(
            "PASS" if self.passed else "FAIL",
            "pass" if self.passed else "fail",
            f"{self.model} ({self.reference}{where})",
            [
                ("first bad node" if self.leg else "first bad block", where_wrong),
                *((f"{'✓' if c.passed else '✗'} {c.name}", c.detail) for c in self.criteria),
                ("checkpoint", self.checkpoint or ""),
            ],
        )

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
            **({} if self.task is None else {"task": self.task}),
            **({"outputs": [asdict(output) for output in self.outputs]} if self.outputs else {}),
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
            task=values.get("task"),
            outputs=tuple(OutputError.from_json(entry) for entry in values.get("outputs", ())),
        )


def by_task(results: Iterable[Parity]) -> dict[str, tuple[int, int]]:
    """How many networks of each task passed, and how many there are."""
    found: dict[str, tuple[int, int]] = {}
    for result in results:
        task = result.task or "of no known task"
        passed, count = found.get(task, (0, 0))
        found[task] = passed + result.passed, count + 1
    return found


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
