"""The source of a graph's network, as one Python file."""

from __future__ import annotations

from architectures.graph.plan import Plan


def write_source(plan: Plan, weights: str) -> str:
    """The text of the file; ``weights`` is the name of the safetensors file beside it."""
    return f'"""The network of {weights!r}: {len(plan.steps)} steps."""\n'
