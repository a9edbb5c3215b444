"""Parity of a graph: does the network compute what MXNet computes from the very graph?

In float64 every node is compared with MXNet's, with MXNet's arithmetic modelled where that departs
from float64. A node that differs although nothing before it does is computed again from MXNet's own
inputs. If it is wrong there, it is where the port is wrong. If it is right there, rounding alone
makes the difference: it chooses between near equals, it cancels, or MXNet's arithmetic cannot be
modelled and the operator has a limit of its own. Then it gives MXNet's output from there on, and
the rest is judged: no limit is loosened.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import torch

from architectures.graph.graph import NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.plan import ModuleAt, Plan
from architectures.graph.references import applied, values
from architectures.networks.environment import environment
from convert.formats import Array
from verify.parity.criteria import IMPRECISE, LAYER
from verify.parity.graphs.graph_criteria import (
    Compared32,
    graph_arithmetic,
    graph_evidence,
    graph_structure,
    same_cases,
)
from verify.parity.graphs.graph_discrete import after_discrete
from verify.parity.graphs.graph_nodes import (
    NodeError,
    bad_nodes,
    compared,
    described,
    drift_of,
    error_of,
    first_of,
    is_wrong_here,
    label,
    limited_nodes,
    needed_for,
)
from verify.parity.graphs.graph_outputs import output_errors, output_names
from verify.parity.graphs.graph_shared import batches_inferred, feeds, seen, shown_error, statistics
from verify.parity.graphs.graph_trace import Forced, GraphTrace, case_count, trace_graph
from verify.parity.graphs.graph_weak import weak_parity
from verify.parity.result import Criterion, Finding, Parity
from verify.reference.graph_answers import GraphReference

Ask = Callable[[Collection[int]], GraphReference]
"""MXNet's answers once more, with the whole outputs of these nodes."""

AT_ONCE = 1 << 28  # bytes of whole outputs that MXNet is asked for at once, about


@dataclass(frozen=True)
class _Exact:
    """The float64 comparison: the run, the nodes that differ, the nodes that were judged apart,
    and the nodes that are wrong whatever they are given."""

    port: GraphTrace
    bad: Mapping[int, float | None]
    apart: tuple[int, ...]
    wrong: tuple[int, ...]
    first: tuple[int, ...]


def compare_graph(
    name: str,
    network: GraphNetwork,
    source: GraphReference,
    inputs: Mapping[str, Array],
    inputs_sha256: str,
    ask: Ask | None = None,
    weights_sha256: str | None = None,
) -> Parity:
    """Judge a network against MXNet's answers to the same inputs, (N, ...) by the graph's names.

    ``ask`` is None where MXNet cannot be asked again: then a node that differs is taken for wrong.
    ``weights_sha256``: the hash of the network's parameters, where they must be MXNet's by it.
    """
    network.eval()
    plan = network.plan
    names = output_names(plan.graph)
    nodes = compared(plan, source)
    given = _inputs_criterion(source, inputs_sha256, weights_sha256)
    spread = batches_inferred(plan, source)
    single = seen(source, trace_graph(network, inputs, torch.float32, spread=spread))
    if source.refused is not None:
        return weak_parity(name, network, source, inputs, single, names, nodes, given)
    exact = _compare_exactly(network, source, inputs, nodes, ask)
    plain = None
    if _is_modelled(network):
        plain = seen(source, trace_graph(network, inputs, torch.float64, spread=spread))
    errors = [_node_error(node, source, exact.port, plain, single) for node in nodes]
    layers, finding = _layers(network, errors, exact)
    answers = _answers(network, source, single, plain, names)
    arithmetic = graph_arithmetic(answers)
    structure = graph_structure(
        source, exact.port, names, [described(plan.graph, node) for node in exact.apart]
    )
    if finding is None and not arithmetic.passed:
        finding = _imprecise(network, errors, plain is not None)
    outputs = {"source64": source.heads64, "port64": exact.port.heads}
    outputs |= {"source32": source.heads32, "port32": single.heads}
    failure = exact.port.failure or single.failure
    evidence = graph_evidence(outputs, names, statistics(network), failure, source.shapes())
    return Parity(
        name,
        source.kind,
        case_count(inputs),
        (given, structure, arithmetic, evidence, layers),
        finding,
        tuple(shown_error(network, error) for error in errors),
        about=source.about,
        environment=environment(),
        leg="network",
        outputs=output_errors(network, source, exact.port, single, after_discrete(plan)),
    )


def _compare_exactly(
    network: GraphNetwork,
    source: GraphReference,
    inputs: Mapping[str, Array],
    nodes: Collection[int],
    ask: Ask | None,
) -> _Exact:
    """Compare in float64; take apart the nodes where rounding alone makes the difference."""
    plan = network.plan
    limited = [node for node in limited_nodes(plan) if node in nodes]
    forced: dict[NodeEntry, Array] = {}
    apart: list[int] = []
    first: list[int] = limited if ask is not None else []
    while True:
        if first and ask is not None:
            whole = ask(needed_for(plan, first))
            wrong = [node for node in first if is_wrong_here(network, node, inputs, whole)]
            if wrong:
                port = _trace_exactly(network, source, inputs, forced)
                bad = bad_nodes(set(nodes) - set(apart), source, port)
                return _Exact(port, bad | {n: bad.get(n) for n in wrong}, (), tuple(wrong), ())
            forced |= {entry: v for entry, v in whole.values.items() if entry.node in first}
            apart += first
        port = _trace_exactly(network, source, inputs, forced)
        bad = bad_nodes([node for node in nodes if node not in apart], source, port)
        if not bad or ask is None:
            return _Exact(port, bad, tuple(apart), (), tuple(first_of(plan, bad)))
        # What amplifies rounding is often there many times in a row, so from the second round on
        # MXNet is asked for all that differ, as far as they fit.
        first = _some_of(plan, bad, source) if apart else first_of(plan, bad)


def _some_of(plan: Plan, bad: Collection[int], source: GraphReference) -> list[int]:
    """As many of these nodes as ``AT_ONCE`` allows, at least one, the first of the graph first.

    What counts is the size of their outputs and of the nodes' that they take from.
    """
    sizes: dict[int, int] = {}
    for entry, answer in source.nodes.items():
        size = 8 * prod(answer.shape) * len(answer.digests)
        sizes[entry.node] = sizes.get(entry.node, 0) + size
    taken: list[int] = []
    whole: set[int] = set()
    for step in plan.steps:
        if step.node in bad:
            whole |= {step.node} | {value.node for value in values(step.outputs)}
            if taken and sum(sizes.get(node, 0) for node in whole) > AT_ONCE:
                break
            taken.append(step.node)
    return taken


def _trace_exactly(
    network: GraphNetwork, source: GraphReference, inputs: Mapping[str, Array], forced: Forced
) -> GraphTrace:
    spread = batches_inferred(network.plan, source)
    port = trace_graph(network, inputs, torch.float64, exact=True, forced=forced, spread=spread)
    return seen(source, port)


def _layers(
    network: GraphNetwork, errors: Collection[NodeError], exact: _Exact
) -> tuple[Criterion, Finding | None]:
    """The criterion that every node agrees, and the first that does not."""
    graph = network.plan.graph
    judged = [error for error in errors if error.node not in exact.apart]
    worst = float(max((np.inf if e.port64 is None else e.port64 for e in judged), default=0.0))
    if not exact.bad:
        detail = f"all {len(judged)} nodes agree, the worst to {worst:.3g}, limit {LAYER:.3g}"
        if exact.apart:
            detail += f"; {len(exact.apart)} agree on the source's own inputs"
        return Criterion("layers", bool(errors), detail, worst, LAYER, worst), None
    first = min(exact.wrong or exact.first or exact.bad)
    error = exact.bad.get(first)
    what = "is not computed with the source's shape"
    if error is not None:
        what = f"differs by {error:.3g} of its scale"
    detail = (
        f"{len(exact.bad)} of {len(errors)} nodes differ by more than the limit {LAYER:.3g}; the "
        f"first, {described(graph, first)}, {what}"
    )
    here = first in exact.wrong or not exact.wrong
    return (
        Criterion("layers", False, detail, worst, LAYER, worst),
        Finding(label(graph, first), here, (described(graph, first),)),
    )


def _imprecise(
    network: GraphNetwork, errors: Collection[NodeError], is_modelled: bool
) -> Finding | None:
    """Where the float32 error, or the plain arithmetic, first is too far from MXNet's."""
    graph = network.plan.graph
    unsettled = after_discrete(network.plan)
    for error in errors:
        allowed = IMPRECISE * max(error.source32, 2.0**-24)
        plain = error.plain64 if is_modelled else 0.0
        found = [error.port32, plain]
        if error.node not in unsettled and any(e is None or not e <= allowed for e in found):
            return Finding(label(graph, error.node), True, (described(graph, error.node),))
    return None


def _node_error(
    node: int,
    source: GraphReference,
    port: GraphTrace,
    plain: GraphTrace | None,
    single: GraphTrace,
) -> NodeError:
    return NodeError(
        node,
        error_of(node, source, port.nodes),
        error_of(node, source, (plain or port).nodes),
        error_of(node, source, single.nodes),
        drift_of(node, source),
    )


def _answers(
    network: GraphNetwork,
    source: GraphReference,
    single: GraphTrace,
    plain: GraphTrace | None,
    names: list[str],
) -> list[Compared32]:
    """What the float32 errors are judged on: the outputs, but those after a discrete step, and the
    projections of what feeds such steps."""
    plan = network.plan
    unsettled = after_discrete(plan)
    found = []
    if len(source.heads64) != len(single.heads) or len(source.heads32) != len(single.heads):
        return []
    for at, name in enumerate(names):
        exact, theirs, ours = source.heads64[at], source.heads32[at], single.heads[at]
        if plan.graph.heads[at].node in unsettled or not exact.shape == theirs.shape == ours.shape:
            continue
        modelled = plain.heads[at] if plain and len(plain.heads) == len(names) else None
        found.append(Compared32(f"output {name}", exact, theirs, ours, modelled))
    for entry in sorted(feeds(network.plan, unsettled), key=lambda e: (e.node, e.output)):
        answer, ours_ = source.nodes.get(entry), single.nodes.get(entry)
        if answer is None or ours_ is None or answer.digests32 is None:
            continue
        runs = [answer.digests, answer.digests32, answer.comparable(ours_.digests)]
        if plain and entry in plain.nodes:
            runs.append(answer.comparable(plain.nodes[entry].digests))
        title = f"what feeds a discrete step, {described(plan.graph, entry.node)},"
        found.append(Compared32(title, *same_cases(*runs)))
    return found


def _is_modelled(network: GraphNetwork) -> bool:
    """Whether the source's arithmetic is modelled anywhere in the network."""
    return any(
        part.exact is not None for step in network.plan.steps for part in applied(step.outputs)
    ) or any(
        isinstance(part, ModuleAt) and part.exact is not None
        for step in network.plan.steps
        for part in step.outputs
    )


def _inputs_criterion(source: GraphReference, sha256: str, weights_sha256: str | None) -> Criterion:
    given, weights = source.about.get("inputs_sha256"), source.about.get("weights_sha256")
    passed = sha256 == given and weights_sha256 in (None, weights)
    detail = "the bytes that the source was given" if passed else "not what the source was given"
    return Criterion("inputs", passed, detail)
