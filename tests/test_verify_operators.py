"""Every operator agrees with what MXNet computed for its cases."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from architectures.graph.expression import Apply
from architectures.graph.graph import Node, NodeEntry
from architectures.graph.infer import same
from architectures.graph.operator import Operator
from architectures.graph.operators import GROUPS, OPERATORS
from scripts.operator_cases import cases_of
from verify.operators.conformance import conformance_of
from verify.operators.operator_goldens import (
    operator_answers,
    packaged_groups,
    read_operator_answers,
    run_operator_reference,
)
from verify.operators.operator_verdict import OperatorVerdict, distance, judge, verdicts


@pytest.mark.parametrize("group", GROUPS)
def test_every_operator_agrees_with_mxnet(group: str) -> None:
    found = verdicts(operator_answers(group))
    judged = {verdict.operator.names[0] for verdict in found}
    assert judged == {operator.names[0] for operator in GROUPS[group]}
    failures = [failure for verdict in found for failure in verdict.failures]
    assert not failures, "\n".join(failures[:20])


def test_no_golden_is_left_of_a_group_that_is_gone() -> None:
    assert set(packaged_groups()) <= set(GROUPS)


def test_the_conformance_of_a_graph_is_that_of_its_operators() -> None:
    nodes = [
        Node(None, "data"),
        Node("_plus_scalar", "half", (NodeEntry(0),), {"scalar": "0.5"}),
        Node("Activation", "act", (NodeEntry(1),), {"act_type": "tanh"}),
        Node("_PlusScalar", "again", (NodeEntry(2),), {"scalar": "3"}),
    ]
    found = conformance_of(nodes)
    assert [v.operator.names[0] for v in found.verdicts] == ["Activation", "_plus_scalar"]
    assert found.cases == 80
    assert found.passed


def test_an_attribute_that_no_case_has_is_named_with_its_nodes() -> None:
    node = Node("sum", "pool", (NodeEntry(0),), {"axis": "(2, 3, 4, 5, 6, 7)"})
    found = conformance_of([node])
    assert not found.passed
    assert found.uncovered == ("sum: no case has axis of length 6; used by pool",)


def test_an_operator_without_cases_is_named() -> None:
    assert conformance_of([Node("Custom", "mine")]).unproven == ("Custom",)
    assert not conformance_of([]).passed


@pytest.mark.parametrize(
    ("operator", "wrong"),
    [
        ("broadcast_sub", lambda call: Apply("-", call.inputs[::-1])),
        ("rint", lambda call: Apply("torch.round", call.inputs)),
        ("broadcast_mod", lambda call: Apply("torch.fmod", call.inputs)),
        ("hard_sigmoid", lambda call: Apply("F.hardsigmoid", call.inputs)),
        ("argmax", lambda call: Apply("torch.argmin", call.inputs)),
        ("_equal_scalar", lambda call: Apply("==", (call.input(0), call["scalar"]))),
        ("mean", lambda call: Apply("torch.mean", call.inputs)),
        ("sigmoid", lambda call: Apply("torch.nextafter", (call.input(0), call.input(0)))),
    ],
)
def test_an_operator_that_computes_something_else_fails(
    monkeypatch: pytest.MonkeyPatch, operator: str, wrong: Any
) -> None:
    group = next(g for g, members in GROUPS.items() if OPERATORS[operator] in members)
    answers = [a for a in operator_answers(group) if a.case.operator == operator]
    broken = replace(OPERATORS[operator], becomes=wrong)
    monkeypatch.setitem(cast(dict[str, Operator], OPERATORS), operator, broken)
    failures = OperatorVerdict(broken, tuple(map(judge, answers))).failures
    assert any("differs" in failure or "dtype" in failure for failure in failures)


@pytest.mark.parametrize(
    ("group", "operator"),
    [("indexing", "Embedding"), ("indexing", "one_hot"), ("creation_like", "shape_array")],
)
def test_a_wrong_rule_of_which_outputs_are_integers_is_found(
    monkeypatch: pytest.MonkeyPatch, group: str, operator: str
) -> None:
    broken = replace(OPERATORS[operator], integral=lambda call: 0 in call.integral)
    monkeypatch.setitem(cast(dict[str, Operator], OPERATORS), operator, broken)
    answers = [a for a in operator_answers(group) if a.case.operator == operator]
    failures = OperatorVerdict(broken, tuple(map(judge, answers))).failures
    assert any("the operator says that its output is" in failure for failure in failures)


def test_a_wrong_rule_of_shapes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(OPERATORS["broadcast_add"], infer=same)
    monkeypatch.setitem(cast(dict[str, Operator], OPERATORS), "broadcast_add", broken)
    answers = [a for a in operator_answers("binary") if a.case.operator == "broadcast_add"]
    problems = [problem for answer in answers for problem in judge(answer).problems]
    assert any(problem.startswith("the inferred shape is") for problem in problems)


@pytest.mark.exhaustive
@pytest.mark.parametrize("group", GROUPS)
def test_mxnet_gives_the_packaged_answers_again(group: str, tmp_path: Path) -> None:
    packaged = operator_answers(group)
    assert [answer.case for answer in packaged] == cases_of(group)
    some = packaged[:: max(1, len(packaged) // 150)]
    run_operator_reference([answer.case for answer in some], tmp_path / "again.npz")
    for old, new in zip(some, read_operator_answers(tmp_path / "again.npz"), strict=True):
        assert old.case == new.case
        for precision, arrays in old.outputs.items():
            limit = 1e-14 if precision == "float64" else 1e-5
            assert distance(new.outputs[precision], arrays) <= limit, str(old.case)
