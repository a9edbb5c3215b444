"""What the accuracy page says, as JSON values: counted from the predictions of a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from verify.accuracy.prediction import Prediction
from verify.accuracy.reducer import count
from verify.accuracy.verdict import wilson

MOST_PAIRS = 15
"""How many pairs of confused classes are listed."""

MATRIX = 10
"""How many classes the matrix of confusions has."""

FEWEST = 60
"""Images of a half below which its margins are not put into groups."""

GROUPS = {60: 5, 400: 10}
"""How many groups a half of at least so many images is put into."""


def halves(predictions: Sequence[Prediction], digests: Sequence[str]) -> dict[str, Any]:
    """The images in two fixed halves, by the first bit of each image's sha256.

    The halves depend on nothing but the images' bytes: neither on the order of the data set, which
    sorts the classes, nor on the network. ``error``: one standard error of the difference.
    """
    first, second = _split(predictions, digests)
    parts = [count(first), count(second)]
    if not all(part.images for part in parts):
        return {"parts": [asdict(part) for part in parts], "difference": None, "error": None}
    total = sum(part.images for part in parts)
    share = sum(part.top1 for part in parts) / total
    spread = math.sqrt(share * (1 - share) * sum(1 / part.images for part in parts))
    one, other = (part.top1 / part.images for part in parts)
    return {
        "parts": [asdict(part) for part in parts],
        "difference": abs(one - other),
        "error": spread,
    }


def margins(predictions: Sequence[Prediction], digests: Sequence[str]) -> dict[str, Any] | None:
    """Whether the margin of an answer says how often it is right: calibrated on the first half of
    the images, checked on the second.

    The margin is the highest logit less the next one. Its quantiles in the first half bound the
    groups. ``error``: the mean distance between the two halves' shares of right answers, each group
    with the weight of its images in the second half. None with too few images, and for answers of
    one class.
    """
    first, second = _split(predictions, digests)
    ours, theirs = (
        sorted((p.logits[0] - p.logits[1], p.top1) for p in half if len(p.logits) > 1)
        for half in (first, second)
    )
    if min(len(ours), len(theirs)) < FEWEST:
        return None
    groups = max(number for fewest, number in GROUPS.items() if len(ours) >= fewest)
    cuts = [ours[k * len(ours) // groups][0] for k in range(1, groups)]
    bounds = [-math.inf, *dict.fromkeys(cuts), math.inf]
    rows, error = [], 0.0
    for low, high in pairwise(bounds):
        here, there = ([right for m, right in half if low <= m < high] for half in (ours, theirs))
        row: dict[str, Any] = {
            "from": low if math.isfinite(low) else None,
            "to": high if math.isfinite(high) else None,
            "calibrated": [len(here), sum(here)],
            "checked": [len(there), sum(there)],
            "interval": wilson(sum(there), len(there)) if there else None,
        }
        if here and there:
            distance = abs(sum(here) / len(here) - sum(there) / len(there))
            error += distance * len(there) / len(theirs)
        rows.append(row)
    return {"groups": rows, "error": error}


def classes(predictions: Iterable[Prediction]) -> list[dict[str, Any]]:
    """Each class that has images: how many are right, and what the others are most often taken
    for. The class with the lowest share of right answers comes first."""
    groups: dict[int, list[Prediction]] = {}
    for p in predictions:
        if p.decoded:
            groups.setdefault(p.label, []).append(p)
    rows = []
    for label, members in groups.items():
        found = count(members)
        wrong = Counter(p.classes[0] for p in members if not p.top1)
        rows.append(
            {"label": label, **asdict(found), "taken_for": _commonest(wrong.items())[:1]},
        )
    return sorted(rows, key=lambda row: (row["top1"] / row["images"], row["label"]))


def confusions(predictions: Iterable[Prediction]) -> dict[str, Any]:
    """The pairs of classes that are confused most often, and a matrix of the classes in them.

    ``pairs``: label, the class it is taken for, how many images, of how many with that label, and
    how many the other way round. ``matrix``: for each of ``labels`` the counts of the answers in
    ``labels`` and of all other answers.
    """
    answers = Counter((p.label, p.classes[0]) for p in predictions if p.decoded)
    totals: Counter[int] = Counter()
    for (label, _), number in answers.items():
        totals[label] += number
    wrong = [(pair, number) for pair, number in answers.items() if pair[0] != pair[1]]
    ranked = _commonest(wrong)
    labels: list[int] = []
    for pair, _ in ranked:
        fresh = [k for k in pair if k not in labels]
        if len(labels) + len(fresh) <= MATRIX:
            labels += fresh
    labels.sort()
    return {
        "wrong": sum(number for _, number in wrong),
        "different": len(wrong),
        "pairs": [
            [label, answer, number, totals[label], answers[answer, label]]
            for (label, answer), number in ranked[:MOST_PAIRS]
        ],
        "labels": labels,
        "matrix": [
            [
                *(cells := [answers[label, answer] for answer in labels]),
                totals[label] - sum(cells),
            ]
            for label in labels
        ],
    }


def _split(
    predictions: Sequence[Prediction], digests: Sequence[str]
) -> tuple[list[Prediction], list[Prediction]]:
    """The images whose sha256 begins with the bit 0, and those with 1; only those that decode."""
    parts: tuple[list[Prediction], list[Prediction]] = [], []
    for prediction, digest in zip(predictions, digests, strict=True):
        if prediction.decoded:
            parts[int(digest[0], 16) >> 3].append(prediction)
    return parts


def _commonest(counts: Iterable[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """The highest count first; of equal counts, the lower key."""
    return sorted(counts, key=lambda item: (-item[1], item[0]))
