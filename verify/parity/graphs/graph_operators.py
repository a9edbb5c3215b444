"""The operators of a graph, each against what MXNet computed for it by itself (packaged)."""

from __future__ import annotations

from architectures.graph.plan import Plan
from mappings.words import counted, first_few
from verify.operators.conformance import conformance_of
from verify.parity.result import Criterion


def graph_operators(plan: Plan) -> Criterion:
    """Whether every operator of the network conforms on all its cases, and whether these cases
    cover the attributes that the graph gives it."""
    found = conformance_of(plan.graph.nodes[step.node] for step in plan.steps)
    problems = [*found.failures, *found.uncovered]
    if found.unproven:
        problems.append(f"no case of {first_few(list(found.unproven))} is packaged")
    detail = f"{counted(len(problems), 'problem')}; the first: {problems[0]}" if problems else (
        f"all {counted(len(found.verdicts), 'operator')} of the graph conform on "
        f"{counted(found.cases, 'case')}, the worst to {found.worst64:.3g}; MXNet did not run the "
        f"graph itself"
    )  # fmt: skip
    count = len(problems)
    return Criterion("operators", found.passed, detail, count, 0.0, float(count))
