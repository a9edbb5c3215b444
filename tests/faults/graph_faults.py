"""Porting faults of graphs: one frozen record each, and how it is put into a right port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from architectures.graph.assemble import assemble
from architectures.graph.expression import Apply, Value
from architectures.graph.filled import filled
from architectures.graph.graph import Graph, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.plan import Plan, Step
from architectures.graph.stored import StoredTensor
from convert.formats import Array
from tests.faults.graphs import RightGraph

Tensors = Mapping[str, Array]


@dataclass(frozen=True)
class GraphFault:
    """A mistake that a port of a graph can have, at the node ``node`` of a right graph.

    ``graph``, ``tensors`` and ``plan`` change what the port is made of. ``place`` is where the
    verdict must put it, the node itself unless it is gone.
    """

    name: str
    on: str
    node: str
    graph: Callable[[Graph, int], Graph] = lambda graph, node: graph
    tensors: Callable[[dict[str, Array]], None] = lambda tensors: None
    plan: Callable[[Plan, int], Plan] = lambda plan, node: plan
    place: str | None = None

    @property
    def found_at(self) -> str:
        """The node that the verdict must name."""
        return self.place or self.node


def port(right: RightGraph, fault: GraphFault | None = None) -> GraphNetwork:
    """The port of a right graph, with one fault."""
    graph, tensors = right.graph, dict(right.tensors)
    if fault is not None:
        node = right.node(fault.node)
        graph = fault.graph(graph, node)
        fault.tensors(tensors)
    stored = {name: StoredTensor(values.shape) for name, values in tensors.items()}
    given = {name: values.shape[1:] for name, values in right.inputs.items()}
    plan = assemble(graph, stored, given)
    if fault is not None:
        plan = fault.plan(plan, right.node(fault.node))
    ones = set(plan.ones)
    state = {
        target: torch.from_numpy(np.ones_like(tensors[source]) if target in ones
                                 else np.array(tensors[source]))
        for target, source in plan.table.sources.items()
    }  # fmt: skip
    return filled(plan, state)


# --------------------------------------------------------------------------------- of the graph


def setting(**attributes: object) -> Callable[[Graph, int], Graph]:
    """Other attributes of the node."""

    def change(graph: Graph, node: int) -> Graph:
        texts = {name: str(value) for name, value in attributes.items()}
        right = graph.nodes[node]
        return _with(graph, node, replace(right, attributes={**right.attributes, **texts}))

    return change


def swapped(graph: Graph, node: int) -> Graph:
    """Its first two inputs are exchanged."""
    right = graph.nodes[node]
    first, second, *rest = right.inputs
    return _with(graph, node, replace(right, inputs=(second, first, *rest)))


def other(op: str) -> Callable[[Graph, int], Graph]:
    """Another operator on its first input."""

    def change(graph: Graph, node: int) -> Graph:
        right = graph.nodes[node]
        return _with(graph, node, replace(right, op=op, inputs=right.inputs[:1], attributes={}))

    return change


def _with(graph: Graph, node: int, instead: object) -> Graph:
    nodes = [instead if at == node else right for at, right in enumerate(graph.nodes)]
    return replace(graph, nodes=tuple(nodes))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------- of the plan


def dropped(plan: Plan, node: int) -> Plan:
    """The node gives its input as it is."""
    entry = plan.graph.nodes[node].inputs[0]
    return _giving(plan, node, Value(entry.node, entry.output))


def ties_by_the_last(plan: Plan, node: int) -> Plan:
    """Among equal scores the last comes first."""
    entry: NodeEntry = plan.graph.nodes[node].inputs[0]
    scores = Value(entry.node, entry.output)
    backwards = Apply("torch.flip", (scores, [1]))
    order = Apply("torch.argsort", (backwards,), {"dim": 1, "descending": True, "stable": True})
    ranks = Apply("-", (11, Apply("[]", (order, (slice(None), slice(0, 5))))))
    return _giving(plan, node, Apply(".float", (ranks,)))


def _giving(plan: Plan, node: int, expression: object) -> Plan:
    steps = [
        Step(node, (expression,)) if step.node == node else step  # type: ignore[arg-type]
        for step in plan.steps
    ]
    return replace(plan, steps=tuple(steps))


# ------------------------------------------------------------------------------- of the tensors


def transposed(name: str) -> Callable[[dict[str, Array]], None]:
    """A square weight is transposed."""

    def change(tensors: dict[str, Array]) -> None:
        tensors[name] = np.ascontiguousarray(tensors[name].swapaxes(0, 1))

    return change


def one_ulp(name: str) -> Callable[[dict[str, Array]], None]:
    """The largest value of a tensor is the next number."""

    def change(tensors: dict[str, Array]) -> None:
        values = np.array(tensors[name])
        at = np.unravel_index(np.abs(values).argmax(), values.shape)
        values[at] = np.nextafter(values[at], np.float32(np.inf))
        tensors[name] = values

    return change


def gates_reordered(tensors: dict[str, Array]) -> None:
    """An LSTM's gates are read as input, forget, output, cell instead of input, forget, cell,
    output (MXNet src/operator/rnn_impl.h)."""
    vector, hidden, width = tensors["rnn_parameters"], 3, 4
    parts, start = [], 0
    for inner in (width, hidden, 1, 1):  # two weights, two biases
        gates = vector[start : start + 4 * hidden * inner].reshape(4, hidden, inner)
        start += 4 * hidden * inner
        parts.append(gates[[0, 1, 3, 2]].reshape(-1))
    tensors["rnn_parameters"] = np.concatenate(parts)


A, B, C = "convolutional", "recurrent", "detecting"

GRAPH_FAULTS = (
    GraphFault("padding in the other order", A, "conv0", setting(pad="(0, 2)")),
    GraphFault("one ulp in a convolution", A, "conv0", tensors=one_ulp("conv0_weight")),
    GraphFault("fix_gamma ignored", A, "bn", setting(fix_gamma=False)),
    GraphFault("epsilon of PyTorch's default", A, "bn", setting(eps=1e-5)),
    GraphFault("slope of PyTorch's default", A, "leaky", setting(slope=0.01)),
    GraphFault("full pooling rounded down", A, "full", setting(pooling_convention="valid")),
    GraphFault("padding not counted", A, "mean", setting(count_include_pad=False)),
    GraphFault("convolution transposed", A, "left", tensors=transposed("left_weight")),
    GraphFault("softmax over another axis", A, "attention", setting(axis=-1)),
    GraphFault("inputs swapped", A, "difference", swapped),
    GraphFault("square weight transposed", A, "fc1", tensors=transposed("fc1_weight")),
    GraphFault("node dropped", A, "squashed", plan=dropped),
    GraphFault("softmax of the head dropped", A, "softmax", plan=dropped),
    GraphFault("loss of the head kept", A, "softmax", other("log_softmax")),
    GraphFault("gates in another order", B, "rnn", tensors=gates_reordered),
    GraphFault("lengths ignored", B, "last", setting(use_sequence_length=False)),
    GraphFault("corners not aligned", C, "resized", setting(align_corners=False)),
    GraphFault("one sample for each bin", C, "aligned", setting(sample_ratio=1)),
    GraphFault("regions half a pixel away", C, "aligned", setting(aligned=True)),
    GraphFault("ties in another order", C, "ranks", plan=ties_by_the_last),
)
