"""The judge of an operator: its cases run by PyTorch, held against what MXNet computed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from architectures.graph.operator import Dims, Operator
from architectures.graph.operators import OPERATORS
from convert.formats import Array
from mappings.errors import GraphError
from verify.operators.one_node import Known, OneNode, one_node
from verify.operators.operator_goldens import OperatorAnswer

ENOUGH = 40
FLOAT64_LIMIT = 1e-13  # relative to the scale of the output
FLOAT32_STEPS = 1e-6  # 8 steps of float32, relative to the scale
JUMP = 1e-3  # relative to the scale


@dataclass(frozen=True)
class CaseOutcome:
    """How far PyTorch's outputs lie from MXNet's, relative to the largest magnitude of each output.

    ``float64``: with MXNet's arithmetic modelled. ``float32``: from MXNet's float64 answer, or from
    its float32 answer where that is nearer; ``theirs``: MXNet's float32 from its float64. None
    where MXNet runs the case in the other precision alone. ``problems``: what else is wrong.
    """

    answer: OperatorAnswer
    float64: float | None = None
    float32: float | None = None
    theirs: float | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class OperatorVerdict:
    """One operator over all its cases."""

    operator: Operator
    outcomes: tuple[CaseOutcome, ...]

    @property
    def limit(self) -> float:
        """The largest difference in float64 that passes."""
        return self.operator.limit.value if self.operator.limit else FLOAT64_LIMIT

    @property
    def worst64(self) -> float:
        """The largest difference in float64, 0 if no case runs in it."""
        return max((o.float64 for o in self.outcomes if o.float64 is not None), default=0.0)

    @property
    def limit32(self) -> float:
        """What float32 may differ by: twice MXNet's own float32 error, and a few steps.

        A float32 answer that lies further from the float64 one than ``JUMP`` fell on another side
        of a step (a rank, a range): it is no measure of rounding.
        """
        errors = [o.theirs for o in self.outcomes if o.theirs is not None and o.theirs < JUMP]
        own = max(errors, default=0.0)
        return 2 * own + FLOAT32_STEPS

    @property
    def failures(self) -> list[str]:
        """What is wrong, in words; empty for an operator that conforms."""
        found = []
        if len(self.outcomes) < ENOUGH:
            found.append(f"{self.operator.names[0]}: {len(self.outcomes)} cases, {ENOUGH} needed")
        for outcome in self.outcomes:
            case, run64, run32 = outcome.answer.case, outcome.float64, outcome.float32
            found += [f"{case}: {problem}" for problem in outcome.problems]
            own = self.operator.limit_of(case.attributes)
            limit = own.value if own else FLOAT64_LIMIT
            if run64 is not None and not run64 <= limit:
                found.append(f"{case}: float64 differs by {run64:.3g}, limit {limit:.3g}")
            if run32 is not None and not run32 <= self.limit32:
                found.append(f"{case}: float32 differs by {run32:.3g}, limit {self.limit32:.3g}")
        return found


def verdicts(answers: Iterable[OperatorAnswer]) -> list[OperatorVerdict]:
    """The verdict of every operator that has answers, which stand in the operators' order."""
    return [
        OperatorVerdict(OPERATORS[first], tuple(judge(answer) for answer in some))
        for first, some in groupby(answers, _first_name)
    ]


def _first_name(answer: OperatorAnswer) -> str:
    name = answer.case.operator
    return OPERATORS[name].names[0] if name in OPERATORS else name


def judge(answer: OperatorAnswer) -> CaseOutcome:
    """Run one case: with all inputs given, with its parameters stored, and with less known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch, on how it computes
            return _judge(answer)
    except GraphError as error:
        return CaseOutcome(answer, problems=(f"refused: {error}",))
    except Exception as error:  # whatever PyTorch raises
        return CaseOutcome(answer, problems=(f"{type(error).__name__}: {error}",))


def _judge(answer: OperatorAnswer) -> CaseOutcome:
    theirs = answer.outputs
    first = next(iter(theirs.values()))
    whole = one_node(answer.case, len(first))
    assert whole is not None
    ways = [whole]
    if (stored := one_node(answer.case, len(first), stored=True)) is not None:
        ways.append(stored)
    problems = [*_shape_problems(whole, first), *_kind_problems(whole, first)]
    sure = len(ways)
    for less in _with_less_known(answer, len(first)):
        problems += _shape_problems(less, first)
        if all(less.plan.steps != way.plan.steps for way in ways):
            ways.append(less)
    numbers = [drawn.numbers() for drawn in answer.case.inputs]
    differences: dict[str, float | None] = {"float64": None, "float32": None}
    for precision in theirs:
        for at, way in enumerate(ways):
            try:
                outputs = way.run(numbers, precision, exact=precision == "float64")
            except IndexError:  # a row of numbers, where a network of unknown ranks takes more axes
                if at < sure:
                    raise
                continue
            problems += _dtype_problems(outputs, theirs[precision])
            from64 = distance(outputs, theirs.get("float64", theirs[precision]))
            found = min(from64, distance(outputs, theirs[precision]))
            differences[precision] = max(differences[precision] or 0.0, found)
    both = len(theirs) == 2
    own = distance(theirs["float32"], theirs["float64"]) if both else None
    return CaseOutcome(answer, **differences, theirs=own, problems=tuple(dict.fromkeys(problems)))


def _with_less_known(answer: OperatorAnswer, outputs: int) -> Iterator[OneNode]:
    """The node with ranks alone known, or nothing, as far as the operator does without; where it
    needs more, it says so."""
    ways: list[tuple[Known, bool]] = [("ranks", False), ("nothing", False), ("nothing", True)]
    for known, stored in ways:
        with suppress(GraphError):
            node = one_node(answer.case, outputs, stored, known)
            if node is not None:
                yield node


def distance(ours: Sequence[Array], theirs: Sequence[Array]) -> float:
    """The largest difference of any output relative to its scale; infinite where they disagree in
    count, shape, or the places of NaN and infinities."""
    if len(ours) != len(theirs):
        return np.inf
    return max((_difference(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)


def _difference(ours: Array, theirs: Array) -> float:
    if ours.shape != theirs.shape:
        return np.inf
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return np.inf
    a, b = a[finite], b[finite]
    if not np.isfinite(a).all():
        return np.inf
    scale = np.abs(b).max(initial=0.0)
    return float(np.abs(a - b).max(initial=0.0) / (scale if scale > 0 else 1.0))


def _shape_problems(way: OneNode, theirs: Sequence[Array]) -> Iterator[str]:
    """Where the operator's rule of shapes contradicts MXNet."""
    for output, inferred in zip(theirs, way.output_shapes, strict=False):
        if inferred is not None and not fits(inferred, output.shape):
            yield f"the inferred shape is {inferred}, MXNet's is {output.shape}"


def _kind_problems(way: OneNode, theirs: Sequence[Array]) -> Iterator[str]:
    """Where the operator is wrong about which outputs are integers, which later nodes go by."""
    for output, integral in zip(theirs, way.integral, strict=False):
        if integral != (output.dtype.kind in "iub"):
            kind = "integers" if integral else "floating point"
            yield f"the operator says that its output is {kind}, MXNet's dtype is {output.dtype}"


def fits(dims: Dims, shape: tuple[int, ...]) -> bool:
    """Whether a shape is one that ``dims`` allows."""
    return len(dims) == len(shape) and all(
        size in (None, found) for size, found in zip(dims, shape, strict=True)
    )


def _dtype_problems(ours: Sequence[Array], theirs: Sequence[Array]) -> Iterator[str]:
    """Floating point, integers and truth values must stay what they are; the width may differ."""
    for a, b in zip(ours, theirs, strict=False):
        if a.dtype.kind.replace("u", "i") != b.dtype.kind.replace("u", "i"):
            yield f"the dtype is {a.dtype}, MXNet's is {b.dtype}"
