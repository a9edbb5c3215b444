"""The five highest classes of each image on both sides, for people to look at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from convert.formats import Array
from verify.parity.result import ImageAnswer, Score
from verify.parity.trace import Trace
from verify.reference.answers import Reference


def image_answers(
    names: Iterable[str], reference: Reference, port: Trace
) -> tuple[ImageAnswer, ...]:
    """The answers of both sides to each image; empty if their logits have different shapes."""
    if reference.logits64.shape != port.logits32.shape:
        return ()
    pairs = zip(names, reference.logits64, port.logits32, strict=False)
    return tuple(ImageAnswer(name, _highest(exact), _highest(ours)) for name, exact, ours in pairs)


def _highest(logits: Array) -> tuple[Score, ...]:
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # an infinite logit makes the softmax NaN
        odds = np.exp(wide - wide.max(initial=-np.inf))
        softmax = odds / odds.sum()
    best = np.argsort(-wide, kind="stable")[:5]
    return tuple(Score(int(i), float(wide[i]), float(softmax[i])) for i in best)
