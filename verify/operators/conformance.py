"""What the packaged goldens say about the operators of one graph, and about the attributes it uses.

An operator's cases cover a node where each of its attributes has, in some case, a value of the same
kind, and each two of its words and flags occur together in some case. Kinds: a word or a flag is
its own; numbers are negative, fractional, 0, 1 or more; tuples have a length, and each of their
numbers a kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from architectures.graph.graph import Node
from architectures.graph.operator import Operator
from architectures.graph.operators import GROUPS, OPERATORS
from mappings.errors import GraphError
from mappings.words import first_few
from verify.operators.one_node import graph_of
from verify.operators.operator_goldens import (
    OperatorAnswer,
    operator_answers,
    packaged_groups,
)
from verify.operators.operator_verdict import OperatorVerdict, verdicts

Kind = tuple[tuple[str, str], ...]
"""One attribute with the kind of its value, or two of them."""


@dataclass(frozen=True)
class Conformance:
    """The operators of a graph against their goldens.

    - ``verdicts``: of every operator that the graph uses, in the order of ``GROUPS``.
    - ``uncovered``: attribute values, or pairs of them, that the graph uses and no case has, each
      as a sentence with the nodes that use it.
    - ``unproven``: operators without any case, or that are not supported.
    """

    verdicts: tuple[OperatorVerdict, ...]
    uncovered: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def failures(self) -> list[str]:
        """What disagrees with MXNet, in words."""
        return [failure for verdict in self.verdicts for failure in verdict.failures]

    @property
    def cases(self) -> int:
        """How many cases were run."""
        return sum(len(verdict.outcomes) for verdict in self.verdicts)

    @property
    def worst64(self) -> float:
        """The largest difference in float64 of any operator that has no limit of its own."""
        plain = (verdict.worst64 for verdict in self.verdicts if verdict.operator.limit is None)
        return max(plain, default=0.0)

    @property
    def passed(self) -> bool:
        """Every operator conforms, and the cases cover every node."""
        return bool(self.verdicts) and not (self.failures or self.uncovered or self.unproven)


def conformance_of(nodes: Iterable[Node]) -> Conformance:
    """Run the cases of every operator that these nodes of a graph use."""
    used: dict[str, list[Node]] = {}
    unproven = []
    for node in nodes:
        if node.op is None:
            continue
        if node.op in OPERATORS:
            used.setdefault(OPERATORS[node.op].names[0], []).append(node)
        else:
            unproven.append(node.op)
    found = []
    uncovered: list[str] = []
    for answers in _answers_of(used):
        first = OPERATORS[answers[0].case.operator].names[0]
        found += verdicts(answers)
        uncovered += _uncovered(OPERATORS[first], used[first], answers)
    proven = {verdict.operator.names[0] for verdict in found}
    unproven += [name for name in used if name not in proven]
    return Conformance(tuple(found), tuple(uncovered), tuple(dict.fromkeys(unproven)))


def _answers_of(names: Iterable[str]) -> Iterator[list[OperatorAnswer]]:
    """The answers of each of these operators, group by group."""
    packaged = packaged_groups()
    for group, operators in GROUPS.items():
        wanted = [op.names[0] for op in operators if op.names[0] in names]
        if wanted and group in packaged:
            answers = operator_answers(group)
            for name in wanted:
                known = OPERATORS[name].names
                if some := [answer for answer in answers if answer.case.operator in known]:
                    yield some


def _uncovered(
    operator: Operator, nodes: Iterable[Node], answers: Iterable[OperatorAnswer]
) -> Iterator[str]:
    covered: set[Kind] = set()
    for answer in answers:
        covered.update(kinds(operator, graph_of(answer.case, 1).nodes[-1]))
    missing: dict[Kind, list[str]] = {}
    for node in nodes:
        for kind in kinds(operator, node):
            if kind not in covered:
                missing.setdefault(kind, []).append(node.name)
    for kind, names in missing.items():
        values = " with ".join(f"{name} {value}" for name, value in kind)
        yield f"{operator.names[0]}: no case has {values}; used by {first_few(names)}"


def kinds(operator: Operator, node: Node) -> set[Kind]:
    """The kinds of all attributes of a node, and of each two of its words and flags."""
    try:
        attributes = operator.parse(node)
    except GraphError:
        return set()
    single = {((name, kind),) for name, value in attributes.items() for kind in kinds_of(value)}
    return single | set(combinations(sorted(_words(attributes)), 2))


def _words(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, str(value)) for name, value in attributes.items() if isinstance(value, bool | str)
    ]


def kinds_of(value: Any) -> set[str]:
    """The kinds of a parsed value, in words."""
    if isinstance(value, tuple):
        return {f"of length {len(value)}"} | {f"holding {kind_of(item)}" for item in value}
    return {kind_of(value)}


def kind_of(value: Any) -> str:
    """The kind of a single value, in words."""
    if value is None or isinstance(value, bool | str | tuple):
        return str(value)
    if isinstance(value, float) and not value.is_integer():
        return "negative" if value < 0 else "fractional"
    return "negative" if value < 0 else str(int(value)) if value < 2 else "above 1"
