"""Nodes that choose or round are found under all their names; what is exact is not among them."""

from __future__ import annotations

import pytest

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.operators import OPERATORS
from verify.parity.graphs.graph_discrete import COMPARISONS, DISCRETE, after_discrete, is_discrete

DATA = Node(None, "data")


def test_the_names_are_the_operators_first_names() -> None:
    firsts = {operator.names[0] for operator in OPERATORS.values()}
    assert set(DISCRETE) <= firsts
    assert all(any(name.startswith(prefix) for name in firsts) for prefix in COMPARISONS)


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("_Greater_Equal", {}),
        ("_npi_less_scalar", {"scalar": "0"}),
        ("_npi_floor", {}),
        ("_npx_topk", {"k": "1"}),
        ("_npi_cast", {"dtype": "int32"}),
        ("ROIPooling", {}),
    ],
)
def test_every_name_of_a_discrete_operator_counts(op: str, attributes: dict[str, str]) -> None:
    assert is_discrete(Graph((DATA, Node(op, "node", (), attributes)), (), 10901), 1)


def test_a_cast_to_floating_point_does_not_choose() -> None:
    cast = Node("cast", "node", (NodeEntry(0),), {"dtype": "float64"})
    assert not is_discrete(Graph((DATA, cast), (), 10901), 1)


def test_a_mask_of_the_input_is_exact_and_a_mask_of_what_is_computed_is_not() -> None:
    nodes = (
        DATA,
        Node("_greater_scalar", "mask", (NodeEntry(0),), {"scalar": "0.5"}),
        Node("tanh", "tanh", (NodeEntry(1),)),
        Node("_greater_scalar", "late", (NodeEntry(2),), {"scalar": "0.5"}),
        Node("sqrt", "root", (NodeEntry(3),)),
    )
    graph = Graph(nodes, (NodeEntry(4),), 10901)
    assert after_discrete(assemble(graph, {}, {"data": (2, 3)})) == {3, 4}
