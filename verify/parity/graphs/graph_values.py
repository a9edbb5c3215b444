"""Does a checkpoint that came from a graph hold its source's values?"""

from __future__ import annotations

import numpy as np

from mappings.language import TRACKED
from verify.parity.graphs.converted_graph import ConvertedGraph
from verify.parity.result import Criterion, Finding
from verify.parity.values import bits_differ


def graph_values(converted: ConvertedGraph) -> tuple[Criterion, Finding | None]:
    """Whether every tensor is its source's bit for bit, or rounded to nearest even.

    A gamma that the graph fixes at 1 must be 1, whatever the source holds.
    """
    problems: dict[str, str] = {}
    plan, tensors = converted.plan, converted.tensors
    ones = set(plan.ones)
    for name, variable in plan.table.sources.items():
        tensor, source = tensors.get(name), converted.sources.get(variable)
        if tensor is None:
            problems[name] = "is missing"
        elif name in ones:
            if source is None or tensor.shape != source.shape or not (tensor.copy() == 1).all():
                problems[name] = "is not 1, as the graph fixes it"
        elif source is None:
            problems[name] = f"has no source {variable}"
        elif what := bits_differ(tensor, source):
            problems[name] = what
    known = {id(tensor) for tensor in tensors.values()}
    for tensor in converted.checkpoint.checkpoint.tensors:
        if id(tensor) in known:
            continue
        if not tensor.name.endswith(TRACKED):
            problems[tensor.name] = "does not belong to the network"
        elif np.any(tensor.copy()):
            problems[tensor.name] = "is not 0"
    if not problems:
        detail = f"all {len(tensors)} tensors are the source's"
        if ones:
            detail += f"; {len(ones)} gammas are 1, as the graph fixes them"
        return Criterion("values", True, detail), None
    first, what = next(iter(problems.items()))
    detail = (
        f"{len(problems)} of {len(tensors)} tensors are not the source's; the first, {first}, "
        f"{what}"
    )
    block = first.rpartition(".")[0] or first
    return Criterion("values", False, detail, len(problems), 0.0), Finding(block, True, (first,))
