"""A record of parity, judged again by its own figures: its own verdict is not trusted."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from architectures import Model
from convert.formats.shaped import shaped
from mappings.errors import PublishError
from verify.parity.criteria import ARITHMETIC, STRUCTURE
from verify.parity.layers import judge_layers
from verify.parity.places import places
from verify.parity.result import Criterion, CriterionName, NetworkCriterion, Parity
from verify.reference.answers import Reference, golden
from verify.reference.inputs import reference_inputs, reference_names

JUDGED: tuple[CriterionName, ...] = get_args(NetworkCriterion)
"""The criteria by which a checkpoint is judged, each once and in this order."""

SPREAD = 1000
"""The largest of all logits, in absolute value, may be this many times larger than the largest one
in the record, which has the five highest of each image. For networks the ratio is below 10."""

NUMBER = re.compile(r"(?<![\w.-])\d+(?:\.\d+)?(?:e[+-]\d+)?")


def read_parity(values: Mapping[str, Any], model: Model, tensors: int) -> Parity:
    """The verdict on a checkpoint of ``model`` with that many tensors, from the JSON of its record.

    A verdict that says that it failed is returned unchanged. Raises ValueError for a field of
    another type, and PublishError for a verdict that says that it passed, but contradicts itself or
    does not have every criterion.
    """
    parity = shaped(Parity, values)
    if absent := [name for name in parity.as_json() if name not in values]:
        raise ValueError(f"the field {absent[0]!r} is missing")
    if not parity.passed:
        return parity
    names = [criterion.name for criterion in parity.criteria]
    if missing := [name for name in JUDGED if name not in names]:
        raise PublishError(f"the record did not judge {', '.join(missing)}")
    if names != list(JUDGED):
        raise PublishError(f"the record judged {', '.join(names)}; expected {', '.join(JUDGED)}")
    reference = golden(model)
    _check_extent(parity, model, reference)
    for criterion in parity.criteria:
        if not _holds(criterion, parity, model, reference):
            raise PublishError(
                f"the record contradicts itself: {criterion.name} does not hold by the figure "
                f"{criterion.figure} and the limit {criterion.limit}"
            )
        _check_words(criterion, parity, tensors)
    for name, value in json.loads(json.dumps(parity.as_json())).items():
        if values[name] != value:
            raise PublishError(
                f"the record contradicts itself: the field {name!r} does not follow from its "
                "criteria"
            )
    return parity


def _check_extent(parity: Parity, model: Model, reference: Reference) -> None:
    """Check that the record is about this model's layers and the reference images."""
    images = reference_names(model)
    if parity.reference not in ("golden", "live"):
        raise PublishError(f"the reference is {parity.reference!r}; expected golden or live")
    if parity.images != len(images) or [a.name for a in parity.answers] != list(images):
        raise PublishError(f"the record is not about the {len(images)} reference images")
    expected = [(p.source, p.module, p.block) for p in places(model, reference.layers)]
    if [(layer.source, layer.module, layer.block) for layer in parity.layers] != expected:
        raise PublishError(f"the record is not about the {len(expected)} layers of {model.name}")
    best = [[score.index for score in (*a.source[:1], *a.port[:1])] for a in parity.answers]
    equal = sum(len(pair) == 2 and pair[0] == pair[1] for pair in best)
    if parity.observed is None or parity.observed.top1_equal != equal:
        raise PublishError(
            "the record contradicts itself: the field 'observed.top1_equal' does not follow from "
            "its answers"
        )


def _holds(criterion: Criterion, parity: Parity, model: Model, reference: Reference) -> bool:
    """Whether a criterion holds by its figure, and its limit is the right one."""
    figure, limit, observed = criterion.figure, criterion.limit, parity.observed
    match criterion.name:
        case "values":
            return figure is None  # a failure has the number of tensors that differ
        case "inputs":
            given = hashlib.sha256(reference_inputs(model).tobytes()).hexdigest()
            return parity.about.get("inputs_sha256") == given
        case "structure" if figure is not None:
            return 0 <= figure <= _structure_limit(limit, parity, reference)
        case "arithmetic" if figure is not None and isinstance(limit, tuple):
            low, high = limit  # those of an older record may be narrower
            return ARITHMETIC[0] <= low <= figure <= high <= ARITHMETIC[1]
        case "evidence":
            return figure == parity.images > 0
        case "layers":
            return judge_layers(parity.layers)[0] == criterion
        case "top-1" if observed is not None:
            return figure == limit == 0 and observed.top1_decidable <= observed.top1_equal
    return False


def _structure_limit(limit: object, parity: Parity, reference: Reference) -> float:
    """The limit of the criterion structure, which is a share of the largest logit.

    The golden has that logit. Of live logits the record has only the highest ones, so their limit
    must lie between two bounds. Raises PublishError for another limit.
    """
    low = high = STRUCTURE * float(np.abs(reference.logits64).max())
    if parity.reference == "live":
        largest = max((abs(s.logit) for a in parity.answers for s in a.source), default=0.0)
        low, high = 0.999 * STRUCTURE * largest, SPREAD * STRUCTURE * largest
    if not isinstance(limit, int | float) or not low <= limit <= high:
        raise PublishError(f"the limit of structure is {limit}; expected {low:.6g} to {high:.6g}")
    return limit


def _check_words(criterion: Criterion, parity: Parity, tensors: int) -> None:
    """Check that the words of a criterion, which a card repeats, have its figures."""
    figure, limit = criterion.figure, criterion.limit
    expected: dict[CriterionName, tuple[float | tuple[float, float] | None, ...]] = {
        "values": (tensors,),
        "structure": (figure, limit),
        "arithmetic": (figure,),
        "evidence": (figure,),
        "layers": (len(parity.layers), figure, limit),
        "top-1": (0, parity.observed.top1_decidable if parity.observed else None),
    }
    said = NUMBER.findall(criterion.detail)
    for number in expected.get(criterion.name, ()):
        words = f"{number:.3g}" if isinstance(number, float) else str(number)
        if words not in said:
            raise PublishError(
                f"the record contradicts itself: {criterion.name} says {criterion.detail!r} "
                f"without {words}"
            )
