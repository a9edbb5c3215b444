"""A record of a graph's parity, judged again by its own figures: its own verdict is not trusted."""

from __future__ import annotations

from math import e, isclose

from verify.parity.criteria import LAYER
from verify.parity.graphs.graph_criteria import FARTHER, NEARER, WEAKLY_NEARER
from verify.parity.result import Criterion, CriterionName, Parity
from verify.publish.demand import DemandedRecord

NETWORK: tuple[CriterionName, ...] = (
    "values",
    "inputs",
    "structure",
    "arithmetic",
    "evidence",
    "layers",
)
OPERATORS: tuple[CriterionName, ...] = ("values", "operators")
WIDEST = e**4
"""By which the limits of a ratio are widened at most, for an output of one number."""


def read_graph_parity(record: DemandedRecord) -> Parity:
    """The verdict in a record.

    Raises PublishError for one that failed, that contradicts itself or lacks a criterion.
    """
    try:
        parity = Parity.from_json(record.values)
    except (KeyError, TypeError, ValueError) as error:
        raise record.malformed(error) from None
    names = [criterion.name for criterion in parity.criteria]
    expected = _expected(parity, record)
    if missing := [name for name in expected if name not in names]:
        raise record.refuse(f"the record did not judge {', '.join(missing)}")
    if names != list(expected):
        raise record.refuse(f"the record judged {', '.join(names)}; expected {', '.join(expected)}")
    for criterion in parity.criteria:
        if not criterion.passed:
            raise record.refuse(f"parity failed: {criterion.name}: {criterion.detail}")
        if not _holds(criterion, parity):
            raise record.refuse(
                f"the record contradicts itself: {criterion.name} does not hold by the figure "
                f"{criterion.figure} and the limit {criterion.limit}"
            )
    return parity


def is_weak(parity: Parity) -> bool:
    """Whether the verdict is the weaker one, in float32, since MXNet has no float64 here."""
    return bool(parity.about.get("float64"))


def _expected(parity: Parity, record: DemandedRecord) -> tuple[CriterionName, ...]:
    """The criteria of a verdict on its leg, each once and in this order."""
    if parity.leg == "operators":
        return OPERATORS
    if parity.leg == "network":
        return tuple(name for name in NETWORK if name != "structure" or not is_weak(parity))
    raise record.refuse("the record does not say whether the network or its operators passed")


def _holds(criterion: Criterion, parity: Parity) -> bool:
    """Whether a criterion holds by its figure, as far as its limit is known."""
    figure, limit = criterion.figure, criterion.limit
    match criterion.name:
        case "structure" if figure is not None and isinstance(limit, float):
            return 0 <= figure <= limit
        case "arithmetic" if figure is not None and isinstance(limit, tuple):
            low, high = limit
            usual = (WEAKLY_NEARER if is_weak(parity) else NEARER) * FARTHER / high
            # Where MXNet has float64, a port that is nearer to the truth may pass (``OWN``). The
            # limit of an older record may be narrower.
            rightly = low >= usual or isclose(low, usual) or (low >= 0 and not is_weak(parity))
            return rightly and 1 <= high / FARTHER <= WIDEST and low <= figure <= high
        case "layers" if figure is not None:
            return limit == LAYER and 0 <= figure <= LAYER
        case "layers":
            return is_weak(parity) and bool(parity.layers)
        case "evidence":
            return figure == parity.images > 0
        case "values" | "inputs" | "operators":
            return not figure
    return False
