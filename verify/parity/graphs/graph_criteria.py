"""The criteria of parity for a graph, which may have several outputs of any shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.formats import Array
from mappings.words import counted
from verify.parity.criteria import ARITHMETIC, IMPRECISE, STRUCTURE
from verify.parity.graphs.graph_trace import GraphTrace
from verify.parity.result import Criterion
from verify.reference.graph_answers import GraphReference

FEW = 256  # errors; fewer than these widen the limits of the ratio of two of their means
ROUNDING = 2.0**-24  # of float32, relative

NEARER, FARTHER = ARITHMETIC
WEAKLY_NEARER = 1 / IMPRECISE
"""Of the weaker proof, whose nodes may be as far apart: MXNet's float32 softmax is 11 times farther
from the truth than PyTorch's."""
OWN = 0.1
"""Of the error that the exact answer has once it is rounded to float32, which is 0 where float32
holds it. Where MXNet has float64, a port with at least this error has computed in float32, however
much larger MXNet's own error is: log_softmax's is 40 times what float32 allows."""


@dataclass(frozen=True)
class Compared32:
    """Numbers whose float32 errors are compared: an output, or what feeds a discrete step.

    All (N, ...): the source in float64 (``exact``) and float32, the port in float32, and the port
    in float64 without the model of the source's arithmetic (``plain``, None if it has none).
    """

    name: str
    exact: Array
    theirs: Array
    ours: Array
    plain: Array | None = None


def same_cases(*runs: Array) -> list[Array]:
    """As many cases, (N, ...), as all runs came to: a network that fails ends its run."""
    count = min(map(len, runs))
    return [run[:count] for run in runs]


def graph_structure(
    source: GraphReference, port: GraphTrace, names: Sequence[str], apart: Sequence[str]
) -> Criterion:
    """float64 against float64, for every output, integers exactly; ``apart`` are the nodes that
    were judged by themselves, and gave the source's own outputs here."""
    if wrong := _misshapen(source.heads64, port.heads, names, port.failure, source.shapes()):
        return Criterion("structure", False, wrong)
    worst = 0.0, 0.0, 0.0, ""
    passed = True
    for name, theirs, ours in zip(names, source.heads64, port.heads, strict=True):
        finite = np.isfinite(theirs)
        scale = float(np.abs(theirs[finite]).max(initial=0.0))
        same = np.array_equal(theirs[~finite], ours[~finite], equal_nan=True)
        with np.errstate(invalid="ignore"):
            shift = np.abs(np.subtract(theirs, ours, dtype=np.float64))  # of truth values too
            figure = float(shift[finite].max(initial=0.0)) if same else np.inf
        limit = 0.0 if theirs.dtype.kind in "iub" else STRUCTURE * scale
        passed = passed and figure <= limit  # NaN does not pass
        share = figure / limit if limit else (0.0 if figure == 0 else np.inf)
        if not share <= worst[0] or not worst[3]:
            worst = share, figure, limit, name
    _, figure, limit, name = worst
    where = f"output {name} differs" if len(names) == 1 else f"the worst output, {name}, differs"
    detail = f"in float64 {where} by {figure:.3g}, the limit is {limit:.3g}"
    if apart:
        detail += (
            f"; {counted(len(apart), 'node')} judged alone, on the source's own inputs: "
            f"{', '.join(apart[:3])}{', ...' if len(apart) > 3 else ''}"
        )
    return Criterion("structure", bool(passed), detail, figure, limit, figure)


def graph_arithmetic(answers: Sequence[Compared32], weak: str | None = None) -> Criterion:
    """float32: are the port's rounding errors about as large as the source's own, everywhere?

    ``weak`` says why the source has no float64; ``exact`` is then the port's own.
    """
    if not answers:
        return Criterion("arithmetic", False, "there are no float32 numbers to compare")
    found = [(_judged(each, weak is not None), each) for each in answers]
    (passed, ratio, low, high, theirs, ours), worst = max(
        found, key=lambda pair: (not pair[0][0], _away(pair[0][1]))
    )
    detail = (
        f"{worst.name} in float32 is {ours:.3g} from the float64 reference (rms), the source's own "
        f"error {theirs:.3g}: {ratio:.3g} times, expected {low:.3g} to {high:.3g}"
    )
    if weak is not None:
        detail = (
            f"the weaker proof, as MXNet computes this graph in float32 only ({weak}): {worst.name}"
            f" of the port in float32 is {ours:.3g} from its own float64 (rms), the source's "
            f"{theirs:.3g}: {ratio:.3g} times, expected {low:.3g} to {high:.3g}"
        )
    needed = max(ratio, 1 / ratio) if ratio > 0 else float("nan")
    return Criterion("arithmetic", passed, detail, ratio, (low, high), needed)


def _away(ratio: float) -> float:
    return abs(np.log(ratio)) if ratio > 0 and np.isfinite(ratio) else np.inf


def _judged(each: Compared32, is_weak: bool) -> tuple[bool, float, float, float, float, float]:
    """Whether it passes, the ratio, its limits, the source's error and the port's."""
    finite = np.isfinite(each.exact)
    theirs = _rms(each.theirs, each.exact, finite)
    ours = _rms(each.ours, each.exact, finite)
    count = _independent(each.ours if is_weak else each.theirs, each.exact, finite)
    widened = np.exp(4 / np.sqrt(count)) if 0 < count < FEW else 1.0  # four standard deviations
    low, high = (WEAKLY_NEARER if is_weak else NEARER) / widened, FARTHER * widened
    if each.plain is not None and not ours <= high * theirs:
        # The port's plain arithmetic departs from the source's where that departs from float64.
        departure = _rms(each.plain, each.exact, finite)
        if departure <= IMPRECISE * max(theirs, _floor(each.exact, finite)):
            ours = _rms(each.ours, each.plain, finite)
    ratio = ours / theirs if theirs > 0 else float("inf")
    if theirs > 0 and not is_weak:
        low = min(low, OWN * _rms(_rounded(each.exact), each.exact, finite) / theirs)
    if max(ours, theirs) <= 2 * _floor(each.exact, finite) and not low <= ratio <= high:
        ratio = 1.0  # neither can be closer to the truth than float32's rounding of it
    ratio, low, high = float(ratio), float(low), float(high)
    return low <= ratio <= high, ratio, low, high, theirs, ours


def _floor(exact: Array, finite: Array) -> float:
    """The error (rms) of the exact answer rounded to float32, at most."""
    wide = exact[finite].astype(np.float64)
    return float(np.sqrt(np.mean(np.square(wide * ROUNDING)))) if wide.size else 0.0


def _rounded(exact: Array) -> Array:
    with np.errstate(over="ignore"):
        return exact.astype(np.float32)


def _rms(values: Array, exact: Array, finite: Array) -> float:
    error = _errors(values, exact, finite)
    return float(np.sqrt(np.mean(np.square(error)))) if error.size else 0.0


def _independent(values: Array, exact: Array, finite: Array) -> float:
    """How many normally distributed errors vary as much as these, by their kurtosis: of a softmax,
    the few likely classes have nearly all of the error."""
    error = _errors(values, exact, finite)
    squares = np.square(error / (np.abs(error).max(initial=0.0) or 1.0))
    fourth = float(np.square(squares).sum())
    return min(3 * float(squares.sum()) ** 2 / fourth, error.size) if fourth > 0 else error.size


def _errors(values: Array, exact: Array, finite: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        error: Array = np.subtract(values, exact, dtype=np.float64)[finite]
    return error


def graph_evidence(
    outputs: Mapping[str, Sequence[Array]],
    names: Sequence[str],
    statistics: Mapping[str, Array],
    failure: str | None,
    shapes: Sequence[tuple[int, ...]],
) -> Criterion:
    """Is there something to judge: cases, finite answers that vary, and trained statistics?

    ``outputs``: every run's outputs by the run's name, the reference first. ``statistics``: the
    running means and variances of the normalisation layers, by name. ``shapes``: of a case of
    each output, of which the reference may have a sample.
    """
    problems = []
    reference, *others = outputs.values()
    cases = len(reference[0]) if reference else 0
    for other in others:
        if (
            wrong := _misshapen(reference, other, names, failure, shapes)
        ) and wrong not in problems:
            problems.append(wrong)
    if not problems:
        for name, *arrays in zip(names, *outputs.values(), strict=True):
            if not all(np.isfinite(array).all() for array in arrays):
                problems.append(f"output {name} has values that are not finite")
        spread = [_spread(array) for array in reference]
        if cases > 1 and not any(between for between, _ in spread):
            problems.append("no output varies between the cases")
        if not any(within for _, within in spread) and max(a[0].size for a in reference) > 1:
            problems.append("no output varies within a case")
    if statistics and all(_initial(name, values) for name, values in statistics.items()):
        problems.append(
            f"all {len(statistics)} statistics of normalisation layers are those of new layers"
        )
    detail = "; ".join(problems) or (
        f"{counted(cases, 'case')}, {counted(len(names), 'output')}, finite, varied"
    )
    return Criterion("evidence", not problems, detail, cases, None, None)


def _spread(values: Array) -> tuple[bool, bool]:
    """Whether numbers vary between cases, and within one, by more than rounding."""
    if not values.size:
        return False, False
    wide = values.astype(np.float64)
    least = float(np.abs(wide).max()) * STRUCTURE * 1000
    flat = wide.reshape(len(wide), -1)
    return bool(np.ptp(flat, axis=0).max() > least), bool(np.ptp(flat, axis=1).max() > least)


def _initial(name: str, values: Array) -> bool:
    return bool((values == 0).all() or (name.endswith("running_var") and (values == 1).all()))


def _misshapen(
    theirs: Sequence[Array],
    ours: Sequence[Array],
    names: Sequence[str],
    failure: str | None,
    shapes: Sequence[tuple[int, ...]],
) -> str | None:
    """What is wrong with the number or the shapes of the port's outputs."""
    if failure:
        return f"the network fails: {failure}"
    if not theirs or len(theirs) != len(ours):
        return f"the network has {len(ours)} outputs, the graph {len(theirs)}"
    for name, expected, found, shape in zip(names, theirs, ours, shapes, strict=True):
        if expected.shape != found.shape:
            whole = (len(expected), *shape)
            return f"output {name} has the shape {found.shape}, the source's {whole}"
        if not expected.size:
            return f"output {name} is empty"
    return None
