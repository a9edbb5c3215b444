"""The rule, with its numbers, for when a published figure is reproduced."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from architectures.catalogue.figure import Figure, Unbound, Undecided
from verify.accuracy.prediction import Prediction
from verify.accuracy.reducer import Count

DRIFT, DRIFT_OF = 21, 50_000
"""Images by which timm's own table changed for one model over the years, with other processors,
libraries and decoders. A difference up to this share says nothing about a checkpoint."""

Z = 1.959963984540054
"""The standard normal's 97.5 % point: intervals hold 95 %."""


@dataclass(frozen=True)
class CountDifference:
    """By how many images a count is above (or below) a published percentage.

    ``allowed``: the known drift and half a unit of the last printed decimal, in whole images.
    """

    published: int
    images: int
    allowed: int

    @property
    def within(self) -> bool:
        return abs(self.images) <= self.allowed


def difference(correct: int, images: int, percent: float, decimals: int) -> CountDifference:
    """Compare a count with a published percentage of as many images, printed with ``decimals``."""
    published = round(percent * images / 100)
    rounding = 0.5 * 10**-decimals * images / 100
    allowed = math.floor(images * DRIFT / DRIFT_OF + rounding)
    return CountDifference(published, correct - published, allowed)


@dataclass(frozen=True)
class Verdict:
    """``reproduced`` is None if that cannot be judged; ``why`` gives the reason in words."""

    reproduced: bool | None
    why: str
    top1: CountDifference | None = None
    top5: CountDifference | None = None


def judge(
    count: Count,
    figure: Figure | None,
    partial: str | None,
    undecided: Undecided | Unbound | None = None,
) -> Verdict:
    """Whether ``count`` reproduces ``figure``; ``partial`` says why a run is not complete.

    ``undecided``: figures that may be of other weights, so they never judge.
    """
    if partial:
        return Verdict(None, partial)
    if undecided:
        return Verdict(None, undecided.note)
    if figure is None:
        return Verdict(None, "no figure of this model is published in this regime")
    if count.images != figure.images:
        return Verdict(
            None, f"published of {figure.images:,} images, and these are {count.images:,}"
        )
    top1, top5 = (
        difference(correct, count.images, percent, decimals)
        for correct, percent, decimals in zip(
            (count.top1, count.top5), (figure.top1, figure.top5), figure.decimals, strict=True
        )
    )
    error = 100 * math.sqrt(count.top1 * (count.images - count.top1) / count.images**3)
    why = (
        f"top-1 {top1.images:+d} and top-5 {top5.images:+d} images from the figures "
        f"published of the weights {figure.weights[:8]}, {top1.allowed} and {top5.allowed} allowed "
        f"(drift of {DRIFT} in {DRIFT_OF:,}, and rounding); "
        f"one standard error of an unpaired comparison is {error:.2f} points"
    )
    return Verdict(top1.within and top5.within, why, top1, top5)


def wilson(correct: int, images: int) -> tuple[float, float]:
    """The 95 % score interval of a share, in percent (Wilson, 1927)."""
    share, unit = correct / images, Z * Z / images
    middle = (share + unit / 2) / (1 + unit)
    half = Z / (1 + unit) * math.sqrt(share * (1 - share) / images + unit / (4 * images))
    low, high = middle - half, middle + half
    return 100 * low if correct else 0.0, 100 * high if correct < images else 100.0


@dataclass(frozen=True)
class Paired:
    """Two runs compared image by image: paths that are right in this run only (``gained``) and in
    the other only (``lost``).

    ``p``: McNemar's exact two-sided probability of so uneven a split if both are equally good.
    """

    images: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    p: float


def pair(ours: Iterable[Prediction], theirs: Iterable[Prediction]) -> Paired:
    """Compare the top-1 of two runs on the same images; their paths must be the same."""
    right = {p.path: p.top1 for p in theirs}
    changed = [(p.path, p.top1) for p in ours if p.top1 != right[p.path]]
    gained = tuple(path for path, here in changed if here)
    lost = tuple(path for path, here in changed if not here)
    return Paired(len(right), gained, lost, mcnemar(len(gained), len(lost)))


def mcnemar(gained: int, lost: int) -> float:
    """Twice the binomial tail of the smaller count among the images that changed, at most 1."""
    changed = gained + lost
    tail = ways = 1
    for k in range(min(gained, lost)):
        ways = ways * (changed - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << changed))
