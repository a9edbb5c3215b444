"""Where a network first differs from the graph that MXNet runs: node by node."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from architectures.graph.graph import Graph, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operators import OPERATORS
from architectures.graph.plan import Plan
from architectures.graph.references import values
from convert.formats import Array
from verify.parity.criteria import LAYER
from verify.parity.graphs.graph_discrete import is_discrete
from verify.parity.graphs.graph_trace import GraphTrace, NodeTrace, case_count, cast, set_precision
from verify.reference.graph_answers import GraphReference, NodeAnswer

HERE = 1e-12  # times the largest magnitude among a node's inputs and outputs
AMPLIFIED = 8.0  # times what another rounding of the inputs does to the outputs
MOST_NOISE = 1e-9  # times the largest magnitude among the outputs

SHAPE_ALONE = {
    "zeros_like": 0,
    "ones_like": 0,
    "reshape_like": 1,
    "slice_like": 1,
    "broadcast_like": 1,
    "_identity_with_attr_like_rhs": 1,
}
"""The input of which an operator takes the shape alone (MXNet's ``FIgnoreInputs``)."""


@dataclass(frozen=True)
class NodeError:
    """How far one node is from MXNet's, relative to the scale of its output: the worst output.

    ``port64``, ``plain64`` (without the model of MXNet's arithmetic), ``port32``, ``source32``: as
    in ``LayerError``, all against MXNet in float64.
    """

    node: int
    port64: float | None
    plain64: float | None
    port32: float | None
    source32: float


def label(graph: Graph, node: int) -> str:
    """What people call a node: its name, with its index if that name occurs more than once."""
    name = graph.nodes[node].name
    same = sum(other.name == name for other in graph.nodes)
    return name if name and same == 1 else f"{name or graph.nodes[node].op} (node {node})"


def described(graph: Graph, node: int) -> str:
    """A node's label and operator: ``conv0 (Convolution)``."""
    return f"{label(graph, node)} ({graph.nodes[node].op})"


def compared(plan: Plan, source: GraphReference) -> list[int]:
    """The nodes with a counterpart: the port computes them, and MXNet computes and shows them.

    MXNet does not compute what is taken for its shape alone: its memory holds anything.
    """
    graph = plan.graph
    needed = {head.node for head in graph.heads}
    for node in graph.nodes:
        ignored = SHAPE_ALONE.get(node.op or "")
        needed |= {entry.node for place, entry in enumerate(node.inputs) if place != ignored}
    shown = {entry.node for entry in source.nodes} & needed
    return [step.node for step in plan.steps if step.node in shown]


def error_of(
    node: int,
    source: GraphReference,
    port: Mapping[NodeEntry, NodeTrace],
    single: bool = False,
) -> float | None:
    """The largest error of a node's outputs; None if the port does not give them. ``single``: the
    projections that MXNet computed in float32, against its own."""
    worst = 0.0
    for entry, answer in source.nodes.items():
        if entry.node != node:
            continue
        ours = port.get(entry)
        if ours is None and entry.output:
            continue  # the plan leaves out what nothing takes
        if ours is None or ours.shape != answer.shape:
            return None
        cases = len(ours.digests)  # fewer than the source's if the network fails at a later node
        if (ours.nonfinite != answer.nonfinite[:cases]).any():
            return float("inf")
        worst = max(worst, _distance(ours.digests, answer))
    return worst


def drift_of(node: int, source: GraphReference) -> float:
    """MXNet's own float32 error of a node."""
    found = [
        _distance(answer.digests32, answer)
        for entry, answer in source.nodes.items()
        if entry.node == node and answer.digests32 is not None
    ]
    return max(found, default=0.0)


def _distance(digests: Array, answer: NodeAnswer) -> float:
    cases = len(digests)
    scale = np.maximum(answer.scales[:cases], np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        shift = np.abs(answer.comparable(digests) - answer.digests[:cases])
        found = float((shift / scale[:, None]).max(initial=0.0))
    return float("inf") if np.isnan(found) else found


def bad_nodes(nodes: Iterable[int], source: GraphReference, port: GraphTrace) -> dict[int, Any]:
    """The nodes whose float64 error exceeds the limit or that the port does not compute, and that
    error."""
    errors = {node: error_of(node, source, port.nodes) for node in nodes}
    return {node: error for node, error in errors.items() if error is None or not error <= LAYER}


def first_of(plan: Plan, bad: Collection[int]) -> list[int]:
    """Those bad nodes that take nothing from another bad one."""
    spoilt: set[int] = set()
    first = []
    for step in plan.steps:
        before = {value.node for value in values(step.outputs)}
        before |= {entry.node for entry in plan.graph.nodes[step.node].inputs}
        if before & spoilt:
            spoilt.add(step.node)
        elif step.node in bad:
            spoilt.add(step.node)
            first.append(step.node)
    return first


def needed_for(plan: Plan, nodes: Collection[int]) -> set[int]:
    """These nodes and the operators that they take from: what ``is_wrong_here`` needs whole."""
    wanted = set(nodes)
    for step in plan.steps:
        if step.node in nodes:
            wanted |= {value.node for value in values(step.outputs)}
    return {node for node in wanted if plan.graph.nodes[node].op is not None}


def is_wrong_here(
    network: GraphNetwork, node: int, inputs: Mapping[str, Array], source: GraphReference
) -> bool:
    """Whether a node is wrong even when it is given MXNet's own inputs.

    ``source`` holds the whole outputs of the node and of those that it takes from. The limit is the
    operator's own where it has one.
    """
    plan = network.plan
    step = next(step for step in plan.steps if step.node == node)
    takes = {value.node for value in values(step.outputs)}
    set_precision(network, torch.float64)
    try:
        for case in range(case_count(inputs)):
            state = {}
            for other in takes:
                state[other] = _given(plan, other, case, inputs, source)
            with torch.inference_mode():
                found = network.compute(node, state, exact=True)
            scale = max(
                (float(t.double().abs().max()) for ts in state.values() for t in ts if t.numel()),
                default=0.0,
            )
            noise = _noise(network, node, state, found)
            if not all(
                _agrees(found, entry, whole[case], scale, plan, noise)
                for entry, whole in source.values.items()
                if entry.node == node and entry.output < max(len(found), 1)
            ):
                return True
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError):
        return True
    return False


def _noise(
    network: GraphNetwork,
    node: int,
    state: Mapping[int, tuple[torch.Tensor, ...]],
    found: tuple[Any, ...],
) -> float:
    """How far a node's outputs move if its inputs are rounded otherwise: a long recurrence, for
    example, amplifies that. 0 for a discrete node, whose answer jumps."""
    if is_discrete(network.plan.graph, node):
        return 0.0
    moved = {}
    for other, tensors in state.items():
        random = torch.Generator().manual_seed(other)
        moved[other] = tuple(
            t * (1 + 2.0**-52 * torch.randint(-1, 2, t.shape, generator=random))
            if t.is_floating_point()
            else t
            for t in tensors
        )
    with torch.inference_mode():
        again = network.compute(node, moved, exact=True)
    shifts = [
        (a.double() - b.double()).abs().nan_to_num(0.0, 0.0, 0.0).max()
        for a, b in zip(found, again, strict=True)
        if a.numel() and a.shape == b.shape
    ]
    return AMPLIFIED * float(max(shifts, default=0.0))


def _given(
    plan: Plan, node: int, case: int, inputs: Mapping[str, Array], source: GraphReference
) -> tuple[torch.Tensor, ...]:
    """MXNet's outputs of a node in one case, or the input itself."""
    precision = torch.float64
    name = plan.graph.nodes[node].name
    if plan.graph.nodes[node].op is None:
        return (cast(inputs[name][case], precision),)
    known = {entry.output: v[case] for entry, v in source.values.items() if entry.node == node}
    nothing = np.zeros(0)  # an output that nothing takes
    return tuple(
        cast(known.get(output, nothing), precision) for output in range(max(known, default=-1) + 1)
    )


def _agrees(
    found: tuple[Any, ...],
    entry: NodeEntry,
    expected: Array,
    scale: float,
    plan: Plan,
    noise: float,
) -> bool:
    got = found[entry.output].double().numpy()
    if got.shape != expected.shape:
        return False
    wide = expected.astype(np.float64)
    finite = np.isfinite(wide)
    if not np.array_equal(wide[~finite], got[~finite], equal_nan=True):
        return False
    node = plan.graph.nodes[entry.node]
    operator = OPERATORS.get(node.op or "")
    limit = None if operator is None else operator.limit_of(node.attributes)
    peak = float(np.abs(wide[finite]).max(initial=0.0))
    allowed = HERE * max(peak, scale if np.isfinite(scale) else peak)
    allowed = max(allowed, min(noise, MOST_NOISE * peak))
    if limit is not None:
        allowed = max(allowed, limit.value * peak)
    return bool(np.abs(got - wide)[finite].max(initial=0.0) <= allowed)


def limited_nodes(plan: Plan) -> list[int]:
    """The nodes whose operator has a limit of its own: MXNet's arithmetic is not modelled there."""
    found = []
    for step in plan.steps:
        node = plan.graph.nodes[step.node]
        operator = OPERATORS.get(node.op or "")
        if operator is not None and operator.limit_of(node.attributes) is not None:
            found.append(step.node)
    return found
