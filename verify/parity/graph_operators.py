"""The operators of a graph, each against what MXNet computed for it by itself (packaged)."""

from __future__ import annotations

from collections import Counter

from architectures.graph.operator import Operator
from architectures.graph.operators import GROUPS, OPERATORS
from architectures.graph.plan import Plan
from mappings.errors import NoReferenceError
from mappings.words import first_few
from verify.operators.operator_goldens import operator_answers
from verify.operators.operator_verdict import OperatorVerdict, judge
from verify.parity.result import Criterion


def graph_operators(plan: Plan) -> Criterion:
    """Whether every operator of the graph conforms, on all its cases, and whether each value that
    the graph gives its attributes occurs in one of them.

    Sizes are drawn, so for integers and shapes it is enough that the attribute is drawn at all.
    """
    used = Counter(plan.graph.nodes[step.node].op or "" for step in plan.steps)
    problems, cases, worst = [], 0, 0.0
    undrawn: list[str] = []
    by_group: dict[str, list[Operator]] = {}
    for name in used:
        operator = OPERATORS[name]
        group = next(g for g, members in GROUPS.items() if operator in members)
        if operator not in by_group.setdefault(group, []):
            by_group[group].append(operator)
    for group, operators in by_group.items():
        try:
            answers = operator_answers(group)
        except NoReferenceError as error:
            problems.append(str(error))
            continue
        for operator in operators:
            own = [a for a in answers if OPERATORS.get(a.case.operator) is operator]
            verdict = OperatorVerdict(operator, tuple(judge(answer) for answer in own))
            problems += verdict.failures
            cases += len(own)
            worst = max(worst, verdict.worst64)
            undrawn += _undrawn(plan, operator, [answer.case.attributes for answer in own])
    undrawn = list(dict.fromkeys(undrawn))
    if undrawn:
        problems.append(f"no case has {first_few(undrawn)}")
    if not used:
        problems.append("the graph has no operators")
    detail = (
        "; ".join(problems[:3])
        or f"all {len(used)} operators conform on {cases} cases, the worst to {worst:.3g}; the "
        f"network as a whole was not run in MXNet"
    )
    return Criterion("operators", not problems, detail, len(problems), 0.0, float(len(problems)))


def _undrawn(plan: Plan, operator: Operator, drawn: list[object]) -> list[str]:
    """Attributes of the graph's nodes whose values no case has, by what they say."""
    seen: dict[str, set[object]] = {}
    for attributes in drawn:
        assert isinstance(attributes, dict)
        for name, text in attributes.items():
            if name in operator.attributes:
                seen.setdefault(name, set()).add(_kind(operator, name, text))
    missing = []
    for step in plan.steps:
        node = plan.graph.nodes[step.node]
        if OPERATORS.get(node.op or "") is not operator:
            continue
        for name, text in node.attributes.items():
            if name not in operator.attributes:
                continue
            kind = _kind(operator, name, text)
            default = operator.attributes[name].default
            if kind not in seen.get(name, set()) and kind != _plain(default):
                missing.append(f"{node.op}({name}={text})")
    return missing


def _kind(operator: Operator, name: str, text: str) -> object:
    """What matters of a value: words, flags and None as they are; of numbers that it is one."""
    try:
        return _plain(operator.attributes[name].parse(text.strip()))
    except (ValueError, KeyError):
        return text


def _plain(value: object) -> object:
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, tuple):
        return "numbers"
    return "number"
