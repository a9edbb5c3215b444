"""A node of any file is lowered, or is a problem of that node in one line: never an exception, and
never more memory or time than the file is worth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.lowering import lower
from architectures.graph.operators import OPERATORS
from tests.support.memory import memory_below

TEXTS = st.sampled_from(
    """0 1 -1 2 3 7 -9 64 1000000000 9223372036854775807 -9223372036854775808 0.5 -0.5 1e-05 1e38
    inf nan None True False () (1,) (0,0) (2,2) (-1,-1) (0,-4,-1,2) (1,2,3,4,5,6,7,8,9,10)
    (1000000000,1000000000) (None,1) (0.5,1.0) [1,2] float32 float64 int32 x""".split()
)
SIZES = st.sampled_from((None, 0, 1, 2, 3, 7, 2**40))
SHAPES = st.none() | st.lists(SIZES, max_size=5).map(tuple)


@st.composite
def calls(draw: st.DrawFn, op: str) -> tuple[Graph, dict[str, Any], dict[str, Any]]:
    """One node over variables, some of which are stored, and the shapes of both."""
    operator = OPERATORS[op]
    attributes = {}
    for name, attribute in operator.attributes.items():
        words = attribute.expects.removeprefix("one of ").split(", ")
        kind = st.sampled_from(words) if attribute.expects.startswith("one of ") else TEXTS
        if draw(st.booleans()):
            attributes[name] = draw(kind)
    count = draw(st.integers(0, 6) | st.just(len(operator.inputs)))
    inputs = tuple(NodeEntry(index) for index in range(count))
    variables = tuple(Node(None, f"v{index}") for index in range(count))
    shapes = {f"v{index}": draw(SHAPES) for index in range(count)}
    stored = {
        name: tuple(size or 0 for size in shape)
        for name, shape in shapes.items()
        if shape is not None and draw(st.booleans())
    }
    given_shapes = {name: shape for name, shape in shapes.items() if shape is not None}
    graph = Graph((*variables, Node(op, "n", inputs, attributes)), (NodeEntry(count),))
    return graph, stored, given_shapes


@pytest.mark.parametrize("examples", [6, pytest.param(20, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("op", sorted({o.names[0] for o in OPERATORS.values()}))
def test_any_attributes_and_inputs_are_lowered_or_are_a_problem_of_the_node(
    op: str, examples: int
) -> None:
    @given(calls(op))
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    def check(call: tuple[Graph, dict[str, Any], dict[str, Any]]) -> None:
        graph, stored, shapes = call
        with memory_below(20_000_000):
            lowered = lower(graph, stored, shapes)
        index = len(graph.nodes) - 1
        assert (index in lowered.problems) != (index in lowered.expressions)
        assert "\n" not in lowered.problems.get(index, "")

    check()


def test_a_chain_of_thousands_of_variables_is_lowered_in_time_in_proportion() -> None:
    """Each variable is searched from for a convolution, but not through the whole graph."""
    nodes = [Node(None, "x")]
    for _ in range(20_000):
        inputs = (NodeEntry(len(nodes) - 1), NodeEntry(len(nodes)))
        nodes += [Node(None, "v"), Node("elemwise_mul", "n", inputs)]
    graph = Graph(tuple(nodes), (NodeEntry(len(nodes) - 1),))
    assert not lower(graph, {}, {}).problems


@pytest.mark.parametrize("op", ["_foreach", "_while_loop", "_cond"])
def test_control_flow_is_refused_by_what_it_is(op: str) -> None:
    lowered = lower(Graph((Node(op, "loop"),), (NodeEntry(0),)), {}, {})
    assert "control flow" in lowered.problems[0]
