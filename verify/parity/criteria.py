"""The criteria of parity, each a function of what the source and the port computed.

The limits come from measurements of right ports and of faults. A right port stays 1000 times below
the structure limit; one flipped last bit in a weight of the classifier is 50 times above it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from convert.formats import Array
from verify.parity.result import Criterion, CriterionName, Observed
from verify.parity.trace import Trace
from verify.reference.answers import Reference

STRUCTURE = 1e-11  # times the largest float64 logit
ARITHMETIC = (0.1, 2.0)
"""The port's float32 error as a share of the source framework's own. A port that is nearer to the
truth is right: PyTorch sums large maps more finely than MXNet, and how finely a convolution sums
depends on the processor. Below a tenth it would be another precision, and not float32."""
LAYER = 1e-12  # times the activation's L2 norm, per digest
IMPRECISE = 20  # times the source framework's own float32 error in a layer; right ports reach 2


def structure(reference: Reference, port: Trace) -> Criterion:
    """float64 against float64: does the port compute the same function?"""
    if not _comparable(reference.logits64, port.logits64):
        return _incomparable("structure", reference.logits64, port.logits64, port)
    scale = float(np.abs(reference.logits64).max())
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN
        figure = float(np.abs(reference.logits64 - port.logits64).max())
    limit = STRUCTURE * scale
    passed = figure <= limit < np.inf  # NaN does not pass
    detail = f"the float64 logits differ by {figure:.3g}, the limit is {limit:.3g}"
    return Criterion("structure", passed, detail, figure, limit, figure)


def arithmetic(reference: Reference, port: Trace) -> Criterion:
    """float32: is the port's rounding error no larger than the source framework's own allows?"""
    if not _comparable(reference.logits64, reference.logits32, port.logits32):
        return _incomparable("arithmetic", reference.logits32, port.logits32, port)
    theirs = _rms(reference.logits32, reference.logits64)
    ours = _rms(port.logits32, reference.logits64)
    ratio = ours / theirs if theirs > 0 else float("nan")
    low, high = ARITHMETIC
    detail = (
        f"the float32 logits are {ours:.3g} from the float64 reference (rms), the source's own "
        f"{theirs:.3g}: {ratio:.3g} times, expected {low} to {high}"
    )
    needed = max(ratio, 1 / ratio) if ratio > 0 else float("nan")
    return Criterion("arithmetic", low <= ratio <= high, detail, ratio, ARITHMETIC, needed)


def evidence(
    reference: Reference, port: Trace, statistics: Mapping[str, Array] | None
) -> Criterion:
    """Is there something to judge: images, finite answers that vary, and real statistics?

    ``statistics`` are the tensors of the normalisation layers, by name; None if the source's
    network has no such layers.
    """
    exact = reference.logits64, port.logits64
    every = (*exact, reference.logits32, port.logits32)
    problems = []
    if not _comparable(*every):
        shapes = sorted({logits.shape for logits in every})
        problems.append(f"the logits have the shapes {', '.join(map(str, shapes))}")
    elif not all(np.isfinite(logits).all() for logits in every):
        problems.append("some logits are not finite")
    else:
        images, classes = reference.logits64.shape
        spread = np.abs(reference.logits64).max() * STRUCTURE * 1000
        if images > 1 and min(np.ptp(logits, axis=0).max() for logits in exact) <= spread:
            problems.append("the logits do not vary between images")
        if classes > 1 and min(np.ptp(logits, axis=1).min() for logits in exact) <= spread:
            problems.append("the logits do not vary between classes")
    untouched = [name for name, values in (statistics or {}).items() if _initial(name, values)]
    if untouched:
        problems.append(
            f"{len(untouched)} tensors of normalisation layers still have the values of new "
            f"layers, the first is {untouched[0]}"
        )
    if statistics is not None and not statistics:
        problems.append("the network has no normalisation layers")
    detail = "; ".join(problems) or f"{len(reference.logits64)} images, finite, varied"
    return Criterion("evidence", not problems, detail, len(reference.logits64), None, None)


def top1(reference: Reference, port: Trace) -> tuple[Criterion, Observed] | None:
    """Is top-1 the same on every image where a permitted float32 error cannot change it?

    On such an image the float64 margin exceeds twice the permitted error, a multiple of the
    source's own. The port's error plays no part in that: with a large error of its own, a wrong
    port would leave no image to judge. The other figures are only reported.
    """
    exact, ours = reference.logits64, port.logits32.astype(np.float64)
    if not _comparable(exact, reference.logits32, ours) or exact.shape[1] < 2:
        return None
    if not all(np.isfinite(logits).all() for logits in (exact, reference.logits32, ours)):
        return None
    allowed = ARITHMETIC[1] * np.abs(reference.logits32 - exact).max()
    ranked = np.sort(exact, axis=1)
    decidable = ranked[:, -1] - ranked[:, -2] > 2 * allowed
    equal = ours.argmax(1) == exact.argmax(1)
    wrong = int((decidable & ~equal).sum())
    observed = Observed(
        kl_divergence=float(_kl(exact, ours).max()),
        top5_sets_equal=int((_top5(exact) == _top5(ours)).all(1).sum()),
        rank_agreement=float((exact.argsort(1) == ours.argsort(1)).mean()),
        top1_equal=int(equal.sum()),
        top1_decidable=int(decidable.sum()),
    )
    detail = f"{wrong} of {decidable.sum()} images with a clear winner get another class"
    return Criterion("top-1", wrong == 0, detail, wrong, 0.0, float(wrong)), observed


def _comparable(*logits: Array) -> bool:
    """Whether all logits have the same shape, (N, classes), and are not empty."""
    shapes = {array.shape for array in logits}
    return len(shapes) == 1 and logits[0].ndim == 2 and logits[0].size > 0


def _incomparable(name: CriterionName, theirs: Array, ours: Array, port: Trace) -> Criterion:
    detail = f"the logits have the shape {ours.shape}, the source's {theirs.shape}"
    if port.failure:
        detail = f"the network fails: {port.failure}"
    return Criterion(name, False, detail)


def _initial(name: str, values: Array) -> bool:
    """Whether a tensor of a normalisation layer still has the values of a new layer."""
    ones = name.endswith(("running_var", ".weight"))
    return bool((values == 0).all() or (ones and (values == 1).all()))


def _rms(logits: Array, exact: Array) -> float:
    with np.errstate(invalid="ignore", over="ignore"):  # then the ratio is not finite either
        return float(np.sqrt(np.mean(np.square(logits - exact, dtype=np.float64))))


def _top5(logits: Array) -> Array:
    return np.sort(logits.argsort(1)[:, -5:], axis=1)


def _kl(exact: Array, ours: Array) -> Array:
    """Kullback-Leibler divergence of the port's distribution from the source's, per image."""
    p, q = (_log_softmax(logits) for logits in (exact, ours))
    divergence: Array = (np.exp(p) * (p - q)).sum(1)
    return divergence


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(1, keepdims=True)
    normalised: Array = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return normalised
