"""The tensors that a file holds for a graph, and whether they are what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from architectures.graph.infer import shown
from architectures.graph.lowering import Lowered
from mappings.errors import GraphError
from mappings.words import counted, first_few


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that a file holds under a variable's name; ``dtype`` is numpy's name."""

    shape: tuple[int, ...]
    dtype: str = "float32"


def refuse_missing(lowered: Lowered, needed: set[int], stored: Mapping[str, StoredTensor]) -> None:
    """Raise GraphError for variables that can only be parameters, and that the file lacks."""
    graph = lowered.graph
    places: dict[int, set[bool]] = {}  # variable -> whether each use of it is that of a parameter
    for index in sorted(needed & lowered.calls.keys()):
        operator, call = lowered.calls[index]
        weights = operator.parameters(call)
        first_auxiliary = len(call) - operator.auxiliary
        for place, entry in enumerate(call.node.inputs):
            if graph.nodes[entry.node].op is None and entry.node in needed:
                is_weight = place in weights or place >= first_auxiliary
                places.setdefault(entry.node, set()).add(is_weight)
    names = [graph.nodes[variable].name for variable, uses in places.items() if uses == {True}]
    if missing := [name for name in dict.fromkeys(names) if name not in stored]:
        raise GraphError(
            f"the parameters lack {counted(len(missing), 'tensor')} that the graph needs: "
            f"{first_few(missing)}: give the file that was saved with this graph by --params FILE"
        )


def refuse_shapes(lowered: Lowered, needed: set[int], stored: Mapping[str, StoredTensor]) -> None:
    """Raise GraphError for stored tensors that have another shape than their node needs."""
    wrong = []
    for index in sorted(needed & lowered.calls.keys()):
        operator, call = lowered.calls[index]
        for place, expected in operator.weights(call).items():
            if place not in call.parameters:
                continue
            name = lowered.graph.nodes[call.node.inputs[place].node].name
            shape = stored[name].shape
            fits = len(shape) == len(expected) and all(
                size in (None, found) for size, found in zip(expected, shape, strict=True)
            )
            if not fits:
                wrong.append(f"{name} has shape {shape}, its node needs {shown(expected)}")
    if wrong:
        raise GraphError(
            f"{counted(len(wrong), 'tensor')} of another shape than the graph needs: "
            f"{first_few(list(dict.fromkeys(wrong)))}"
        )
