"""The weaker proof of a graph, where MXNet computes it in float32 only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from architectures.networks.environment import environment
from convert.formats import Array
from verify.parity.criteria import IMPRECISE
from verify.parity.graphs.graph_criteria import (
    Compared32,
    graph_arithmetic,
    graph_evidence,
    same_cases,
)
from verify.parity.graphs.graph_discrete import after_discrete
from verify.parity.graphs.graph_nodes import NodeError, described, error_of, label
from verify.parity.graphs.graph_outputs import output_errors
from verify.parity.graphs.graph_shared import batches_inferred, feeds, seen, shown_error, statistics
from verify.parity.graphs.graph_trace import GraphTrace, case_count, trace_graph
from verify.parity.result import Criterion, Finding, Parity
from verify.reference.graph_answers import GraphReference


def weak_parity(
    name: str,
    network: GraphNetwork,
    source: GraphReference,
    inputs: Mapping[str, Array],
    single: GraphTrace,
    names: list[str],
    nodes: list[int],
    given: Criterion,
) -> Parity:
    """The weaker proof, where MXNet has float32 only: MXNet's error against the port's own float64
    must be about as large as the port's own float32 error, or as MXNet's at the node's inputs."""
    spread = batches_inferred(network.plan, source)
    wide = seen(source, trace_graph(network, inputs, torch.float64, spread=spread))
    graph, unsettled = network.plan.graph, after_discrete(network.plan)
    errors = []
    for node in nodes:
        theirs = error_of(node, source, wide.nodes)
        drift = _own_drift(node, source, wide, single)
        errors.append(NodeError(node, None, None, drift, np.inf if theirs is None else theirs))
    bad = [error for error in beyond_rounding(errors, graph) if error.node not in unsettled]
    answers = [
        Compared32(f"output {head}", exact, theirs, ours)
        for head, exact, theirs, ours, entry in zip(
            names, wide.heads, source.heads32, single.heads, graph.heads, strict=False
        )
        if entry.node not in unsettled and exact.shape == theirs.shape == ours.shape
    ]
    for entry in sorted(feeds(network.plan, unsettled), key=lambda e: (e.node, e.output)):
        if entry in source.nodes and entry in wide.nodes and entry in single.nodes:
            title = f"what feeds a discrete step, {described(graph, entry.node)},"
            answer = source.nodes[entry]
            exact, ours = (answer.comparable(run.nodes[entry].digests) for run in (wide, single))
            answers.append(Compared32(title, *same_cases(exact, answer.digests, ours)))
    count = len(errors)
    if bad:
        first = bad[0].node
        detail = (
            f"{len(bad)} of {count} nodes differ by more than rounding in float32; the first is "
            f"{described(graph, first)}"
        )
        finding = Finding(label(graph, first), True, (described(graph, first),))
        layers = Criterion("layers", False, detail)
    else:
        settled = sum(error.node not in unsettled for error in errors)
        detail = f"all {settled} nodes before discrete steps agree within float32 rounding"
        if not settled:
            detail = "every node follows a discrete step, of which float32 alone proves nothing"
        finding, layers = None, Criterion("layers", bool(settled), detail)
    outputs = {"source32": source.heads32, "port32": single.heads, "port64": wide.heads}
    evidence = graph_evidence(
        outputs, names, statistics(network), wide.failure or single.failure, source.shapes()
    )
    return Parity(
        name,
        source.kind,
        case_count(inputs),
        (given, graph_arithmetic(answers, source.refused), evidence, layers),
        finding,
        tuple(shown_error(network, error) for error in errors),
        about=source.about,
        environment=environment(),
        leg="network",
        outputs=output_errors(network, source, wide, single, unsettled),
    )


def beyond_rounding(errors: Sequence[NodeError], graph: Graph) -> list[NodeError]:
    """The nodes at which MXNet's error is far larger than the port's error, and far larger than
    MXNet's own error at each of the node's inputs. Errors are seen in a few sums of a node's
    numbers, where either one may be small by chance."""
    carried = {error.node: error.source32 for error in errors}
    found = []
    for error in errors:
        brought = [carried.get(entry.node, 0.0) for entry in graph.nodes[error.node].inputs]
        if not error.source32 <= IMPRECISE * max(error.port32 or 0.0, 2.0**-24, *brought):
            found.append(error)
    return found


def _own_drift(
    node: int, source: GraphReference, wide: GraphTrace, single: GraphTrace
) -> float | None:
    """The port's float32 error of a node against its own float64, by the digests, relative to what
    the source's error is relative to."""
    worst = 0.0
    for entry, answer in source.nodes.items():
        if entry.node == node:
            mine, other = wide.nodes.get(entry), single.nodes.get(entry)
            if mine is None or other is None or other.shape != mine.shape:
                return None
            one, two = same_cases(mine.digests, other.digests)
            scale = np.maximum(answer.scales[: len(one)], np.finfo(np.float64).tiny)
            worst = max(worst, float((np.abs(two - one) / scale[:, None]).max(initial=0.0)))
    return worst
