"""A network of the zoo with drawn parameters and fixed inputs: what its golden was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from architectures.graph.assemble import assemble
from architectures.graph.drawn_parameters import drawn_parameters
from architectures.graph.filled import filled
from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.infer import merged
from architectures.graph.lowering import lower
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from architectures.graph.stored import StoredTensor
from convert.formats import Array
from mappings.errors import GraphError
from verify.reference.graph_inputs import graph_inputs


@dataclass(frozen=True)
class DrawnGraph:
    """``parameters`` are by the graph's variables; ``shapes`` are those of a case of each input."""

    name: str
    graph: Graph
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Array]

    @cached_property
    def plan(self) -> Plan:
        stored = {
            name: StoredTensor(array.shape, array.dtype.name)
            for name, array in self.parameters.items()
        }
        return assemble(self.graph, stored, self.shapes)

    def network(self) -> GraphNetwork:
        """The network with these parameters, float32."""
        table, ones = self.plan.table.sources, set(self.plan.ones)
        state = {name: torch.from_numpy(self.parameters[source]) for name, source in table.items()}
        return filled(
            self.plan, {n: torch.ones_like(t) if n in ones else t for n, t in state.items()}
        )

    def inputs(self, cases: int) -> dict[str, Array]:
        """The inputs by the graph's names, float32 (N, ...)."""
        return graph_inputs(self.plan, self.shapes, self.parameters, cases)

    def sha256(self) -> str:
        """One hash of all parameters, as the reference script makes it."""
        digest = hashlib.sha256()
        for name, array in sorted(self.parameters.items()):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
        return digest.hexdigest()


def draw(
    name: str,
    graph: Graph,
    inputs: Mapping[str, tuple[int, ...]],
) -> DrawnGraph:
    """Draw the parameters of a graph, and its constants (anchors, offsets). ``inputs``: the shapes
    of its inputs.

    Raises GraphError for a parameter whose shape the inputs do not tell.
    """
    given: dict[str, Dims] = dict(inputs)
    lowered = lower(graph, {}, given)
    found: dict[str, Dims | None] = {
        node.name: lowered.shapes[index][0]
        for index, node in graph.variables
        if node.name not in inputs
    }
    for operator, call in lowered.calls.values():
        weights = operator.weights(call)
        for place, entry in enumerate(call.node.inputs):
            taken = graph.nodes[entry.node].name
            if place in weights and taken in found:
                found[taken] = merged([found[taken], weights[place]])
    shapes: dict[str, tuple[int, ...]] = {}
    for variable, dims in found.items():
        if dims is None or None in dims:
            raise GraphError(f"{name}: the shape of {variable} is not known from the inputs")
        shapes[variable] = tuple(size or 0 for size in dims)
    parameters = dict(drawn_parameters(graph, shapes))
    return DrawnGraph(name, graph, inputs, parameters)
