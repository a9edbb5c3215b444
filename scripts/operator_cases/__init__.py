"""The cases that prove each operator: one file for each group of operators.

``scripts/operator_cases/GROUP.py`` belongs to ``architectures/graph/operators/GROUP.py`` and ends
in ``CASES``: for each operator, by its first name, a function that draws one case:

    def pooling(draw: Draw) -> OperatorCase | None:
        batch, kernel = draw.choice(1, 3), draw.choice(2, 3)
        attributes = {"kernel": f"({kernel}, {kernel})", "pool_type": draw.cycle("max", "avg")}
        if draw.flag():
            attributes["count_include_pad"] = "False"
        return draw.case(attributes, draw.uniform((batch, 3, 7, 9)))

    CASES = {"Pooling": pooling}

The function is called until ``COUNT`` cases that differ are drawn; it returns None for a
combination that MXNet has no answer for. Everything is deterministic: ``draw`` is seeded by the
operator's name and the number of the call, and ``draw.name`` goes through all of the operator's
names in turn. Names that MXNet 1.9.1 does not have stand in the file's ``NOT_IN_REFERENCE``.
An operator whose attributes combine in many ways has more cases: ``COUNTS = {"Reshape": 160}``.

What ``draw`` offers:

- ``draw.number``: how often the function was called before; ``draw.cycle(a, b, c)`` gives each
  option in turn by that number, ``draw.cycle(..., every=3)`` changes after 3 calls.
- ``draw.choice(a, b, c)``, ``draw.flag(chance=0.5)``, ``draw.integer(low, high)`` (inclusive),
  ``draw.real(low, high)``, ``draw.shape(rank, low=1, high=5)``, ``draw.broadcastable(shape)``.
- inputs: ``draw.uniform(shape, low, high)``, ``draw.integers(shape, low, high)`` (exclusive),
  ``draw.ties(shape, low, high, levels)``, ``draw.values(shape, [...])``,
  ``draw.boxes(shape, low, high)`` (last axis 4), ``draw.columns(shape, (width, input), ...)``:
  inputs joined along the last axis, e.g. class, score and box; their shapes do not count.
  ``dtype="int32"`` fixes a dtype that is otherwise that of the run.
- ``draw.case(attributes, *inputs, runs=BOTH, numpy=False, name=None)``. Values of attributes are
  text, or are written as MXNet writes them. An input that is an auxiliary state needs no mark.

``seen.py`` holds further cases, of values that graphs of the world use and chance left out.

A case should be small: a few dozen values in and out. Odd sizes, batches of 1 and 3, sizes of 0
where MXNet takes them (``numpy=True``), and every attribute absent as well as set.

    uv run scripts/make_operator_goldens.py GROUP   # MXNet runs them: verify/reference/operators
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from architectures.graph.operators import GROUPS
from verify.operators.operator_case import BOTH, DrawnInput, OperatorCase

T = TypeVar("T")
COUNT = 40
PATIENCE = 4000  # calls


class Draw:
    """The decisions of one call; see the module's text."""

    def __init__(self, operator: str, names: Sequence[str], number: int) -> None:
        self.number = number
        self.name = names[number % len(names)]
        self.random = random.Random(f"{operator}/{number}")
        self._seed = hashlib.sha256(f"{operator}/{number}".encode()).digest()
        self._inputs = 0

    def cycle(self, *options: T, every: int = 1) -> T:
        return options[self.number // every % len(options)]

    def choice(self, *options: T) -> T:
        return options[int(self.random.random() * len(options))]

    def flag(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance

    def integer(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))

    def real(self, low: float, high: float, digits: int = 3) -> float:
        return round(low + (high - low) * self.random.random(), digits)

    def shape(self, rank: int, low: int = 1, high: int = 5) -> tuple[int, ...]:
        return tuple(self.integer(low, high) for _ in range(rank))

    def broadcastable(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape with some axes of size 1."""
        return tuple(self.choice(1, size) for size in shape)

    def uniform(
        self, shape: Sequence[int], low: float = -1, high: float = 1, dtype: str | None = None
    ) -> DrawnInput:
        return self._input(shape, "uniform", dtype, low=low, high=high)

    def integers(
        self, shape: Sequence[int], low: int, high: int, dtype: str | None = None
    ) -> DrawnInput:
        return self._input(shape, "integers", dtype, low=low, high=high)

    def ties(
        self,
        shape: Sequence[int],
        low: float = -1,
        high: float = 1,
        levels: int = 4,
        dtype: str | None = None,
    ) -> DrawnInput:
        return self._input(shape, "ties", dtype, low=low, high=high, levels=levels)

    def boxes(
        self, shape: Sequence[int], low: float = 0, high: float = 1, dtype: str | None = None
    ) -> DrawnInput:
        return self._input(shape, "boxes", dtype, low=low, high=high)

    def values(
        self, shape: Sequence[int], values: Sequence[float | str], dtype: str | None = None
    ) -> DrawnInput:
        return DrawnInput(tuple(shape), "values", {"values": list(values)}, dtype)

    def columns(
        self, shape: Sequence[int], *columns: tuple[int, DrawnInput], dtype: str | None = None
    ) -> DrawnInput:
        described = [
            {"width": width, "draw": part.rule, **part.parameters} for width, part in columns
        ]
        return DrawnInput(tuple(shape), "columns", {"columns": described}, dtype)

    def case(
        self,
        attributes: Mapping[str, Any],
        *inputs: DrawnInput,
        runs: tuple[str, ...] = BOTH,
        numpy: bool = False,
        name: str | None = None,
    ) -> OperatorCase:
        if inputs and all(drawn.dtype for drawn in inputs):
            runs = runs[:1]  # both would be the same
        text = {key: str(value) for key, value in attributes.items()}
        return OperatorCase(name or self.name, text, inputs, runs, numpy)

    def _input(
        self, shape: Sequence[int], rule: str, dtype: str | None, **parameters: Any
    ) -> DrawnInput:
        seed = int.from_bytes(self._seed[:3], "little") + self._inputs
        self._inputs += 1
        return DrawnInput(tuple(shape), rule, {**parameters, "seed": seed}, dtype)


Draws = Callable[[Draw], OperatorCase | None]


def cases_of(group: str) -> list[OperatorCase]:
    """Every case of the operators of one group."""
    module = import_module(f"scripts.operator_cases.{group}")
    draws: Mapping[str, Draws] = module.CASES
    absent: Sequence[str] = getattr(module, "NOT_IN_REFERENCE", ())
    counts: Mapping[str, int] = getattr(module, "COUNTS", {})
    seen: Mapping[str, Sequence[Draws]] = import_module("scripts.operator_cases.seen").SEEN
    names = {operator.names[0]: operator.names for operator in GROUPS[group]}
    if missing := sorted(set(names) ^ set(draws)):
        raise SystemExit(f"operators and cases of {group} differ: {', '.join(missing)}")
    found = []
    for first, known in names.items():
        present = [name for name in known if name not in absent]
        found += _drawn(first, present, draws[first], counts.get(first, COUNT))
        for number, draw in enumerate(seen.get(first, ())):
            case = draw(Draw(first, [first], PATIENCE + number))
            if case is not None:
                found.append(case)
    return found


def _drawn(operator: str, names: Sequence[str], draws: Draws, count: int) -> list[OperatorCase]:
    found: dict[str, OperatorCase] = {}
    for number in range(PATIENCE):
        if len(found) == count:
            return list(found.values())
        case = draws(Draw(operator, names, number))
        if case is not None:
            found.setdefault(_key(case), case)
    raise SystemExit(f"{operator}: only {len(found)} of {count} cases differ")


def _key(case: OperatorCase) -> str:
    return repr(case.described())
