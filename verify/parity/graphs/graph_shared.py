"""What both proofs of a graph, in float64 and in float32 alone, say of its network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from torch import nn

from architectures.graph.graph import NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.plan import Plan
from architectures.graph.references import values
from convert.formats import Array
from verify.parity.graphs.graph_discrete import after_discrete
from verify.parity.graphs.graph_nodes import NodeError, described, label
from verify.parity.graphs.graph_trace import GraphTrace, Spread
from verify.parity.result import LayerError
from verify.reference.graph_answers import GraphReference


def feeds(plan: Plan, unsettled: Collection[int]) -> set[NodeEntry]:
    """The outputs of settled operators that discrete steps take."""
    return {
        NodeEntry(value.node, value.output)
        for step in plan.steps
        if step.node in unsettled
        for value in values(step.outputs)
        if value.node not in unsettled and plan.graph.nodes[value.node].op is not None
    }


def judged_in_float32(plan: Plan) -> set[NodeEntry]:
    """The outputs of nodes whose float32 errors are judged: the heads, and what feeds discrete
    steps."""
    return {*plan.graph.heads, *feeds(plan, after_discrete(plan))}


def batches_inferred(plan: Plan, source: GraphReference) -> Spread:
    """The source's shapes of outputs that depend on no input of the network, and that the port has
    of size 1 where the source infers a batch: the first state of a recurrent layer, ``_zeros`` of
    shape (0, 4), and what is computed from it alone. They broadcast."""
    made: set[int] = set()
    nodes, inputs = plan.graph.nodes, {taken.node for taken in plan.inputs}
    for step in plan.steps:
        node = nodes[step.node]
        before = {e.node for e in node.inputs if nodes[e.node].op or e.node in inputs}
        is_made = not node.inputs and any(None in (dims or ()) for dims in plan.shapes[step.node])
        if (before and before <= made) or (not before and is_made):
            made.add(step.node)
    return {entry: answer.shape for entry, answer in source.nodes.items() if entry.node in made}


def seen(source: GraphReference, port: GraphTrace) -> GraphTrace:
    """The port's run with the numbers of its outputs that are known of the source's."""
    return replace(port, heads=source.seen(port.heads))


def statistics(network: GraphNetwork) -> dict[str, Array]:
    """The running statistics of all BatchNorm layers."""
    return {
        f"{name}.{leaf}": values_.detach().float().numpy()
        for name, module in network.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for leaf, values_ in module.named_buffers()
        if leaf.startswith("running")
    }


def shown_error(network: GraphNetwork, error: NodeError) -> LayerError:
    graph = network.plan.graph
    name = label(graph, error.node)
    return LayerError(
        graph.nodes[error.node].name,
        described(graph, error.node),
        name,
        error.port64,
        error.port32,
        error.source32,
    )
