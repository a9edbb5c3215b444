"""The operators of a graph, each against what MXNet computed for it by itself (packaged)."""

from __future__ import annotations

from architectures.graph.plan import Plan
from mappings.words import counted
from verify.operators.conformance import Conformance, conformance_of
from verify.parity.result import Criterion


def graph_operators(plan: Plan) -> Criterion:
    """Whether every operator of the graph conforms, on all its cases, and whether the cases have
    what the graph's nodes ask of it."""
    found = conformance_of([plan.graph.nodes[step.node] for step in plan.steps])
    problems = [
        *(f"{name}: no case was packaged" for name in found.unproven),
        *found.failures,
        *found.uncovered,
    ]
    if not (found.verdicts or found.unproven):
        problems.append("the graph has no operators")
    detail = "; ".join(problems[:3]) or _agreement(found)
    return Criterion("operators", not problems, detail, len(problems), 0.0, float(len(problems)))


def _agreement(found: Conformance) -> str:
    limits = sum(verdict.operator.limit is not None for verdict in found.verdicts)
    own = f" ({limits} within a limit of their own)" if limits else ""
    return (
        f"all {counted(len(found.verdicts), 'operator')} conform on "
        f"{counted(found.cases, 'case')}{own}, the worst to {found.worst64:.3g}; the network as a "
        f"whole was not run in MXNet"
    )
