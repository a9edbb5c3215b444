"""The layers of a graph that take tensors from a file, and the order in which Gluon made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from architectures.graph.graph import Graph
from architectures.graph.infer import merged
from architectures.graph.known_shapes import annotated
from architectures.graph.lowering import lower
from architectures.graph.operator import Dims

Shape = tuple[int, ...]
SPELLINGS = {"moving_mean": "running_mean", "moving_var": "running_var"}
LEAVES = ("weight", "bias", "gamma", "beta", *SPELLINGS)


@dataclass(frozen=True)
class GraphLayer:
    """What one node of the graph takes from a file: ``tensors`` are its variables and their shapes
    as far as the graph tells them, by structural leaf (``weight``, ``running_mean``)."""

    node: int
    name: str
    tensors: Mapping[str, tuple[str, Dims | None]]

    def takes(self, held: Mapping[str, Shape]) -> bool:
        """Whether these tensors, by leaf, are the layer's."""
        return held.keys() == self.tensors.keys() and all(
            dims is None
            or (
                len(dims) == len(held[leaf])
                and all(size in (None, found) for size, found in zip(dims, held[leaf], strict=True))
            )
            for leaf, (_, dims) in self.tensors.items()
        )


def graph_layers(graph: Graph) -> list[GraphLayer]:
    """The layers that take variables from a file, in the order in which the graph runs."""
    lowered = lower(graph, {}, {})
    taken: dict[int, tuple[int, str, Dims | None]] = {}  # variable -> node, leaf, shape
    for index, (operator, call) in sorted(lowered.calls.items()):
        weights = operator.weights(call)
        for place, entry in enumerate(call.node.inputs):
            variable = graph.nodes[entry.node]
            if variable.op is not None or entry.node in taken:
                continue
            own = annotated(variable)
            named = operator.inputs[place] if place < len(operator.inputs) else ""
            if named in LEAVES:
                shape = merged((own, weights.get(place)))
                taken[entry.node] = index, SPELLINGS.get(named, named), shape
            elif own is not None and "__lr_mult__" in variable.attributes:
                taken[entry.node] = entry.node, _leaf(variable.name), own
    found: dict[int, dict[str, tuple[str, Dims | None]]] = defaultdict(dict)
    for variable_index, (index, leaf, dims) in taken.items():
        found[index][leaf] = graph.nodes[variable_index].name, dims
    return [GraphLayer(index, graph.nodes[index].name, tensors) for index, tensors in found.items()]


def _leaf(name: str) -> str:
    return name.rpartition("_")[2]


class _Scope:
    """A name scope of Gluon: its scopes and layers by the word after its prefix, and the place at
    which the graph first runs one of them."""

    def __init__(self, begins: int) -> None:
        self.begins, self.layers = begins, list[GraphLayer]()
        self.inner: dict[str, _Scope] = {}

    def ordered(self) -> Iterator[GraphLayer]:
        """Its layers as they were made: each kind as it is numbered, the kinds as the graph runs
        them."""
        yield from self.layers
        chains: dict[str, list[tuple[int, _Scope]]] = defaultdict(list)
        for word, scope in self.inner.items():
            stem, number = numbered(word)
            chains[stem].append((number, scope))
        left = [sorted(chain, key=lambda item: item[0]) for chain in chains.values()]
        while left := [chain for chain in left if chain]:
            chain = min(left, key=lambda chain: chain[0][1].begins)
            yield from chain.pop(0)[1].ordered()


def made_order(layers: Sequence[GraphLayer]) -> list[GraphLayer]:
    """The layers in the order in which Gluon made them, as far as their flat names tell it."""
    root = _Scope(0)
    for place, layer in enumerate(layers):
        scope = root
        variable = next(iter(layer.tensors.values()))[0]
        for word in variable.split("_")[:-1]:
            scope = scope.inner.setdefault(word, _Scope(place))
        scope.layers.append(layer)
    return list(root.ordered())


def numbered(word: str) -> tuple[str, int]:
    """A word without the number at its end, and the number; -1 without one."""
    stem = word.rstrip("0123456789")
    return stem, int(word[len(stem) :] or -1)
