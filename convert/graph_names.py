"""Which tensor of a file is which variable of a graph, by the names that Gluon writes.

``export`` and ``collect_params().save`` write a variable's own name, with another prefix if the
network was built again; ``save_parameters`` writes structural names (``features.4.body.0.weight``)
which a graph does not hold. These are paired with the graph's variables layer by layer: a pairing
is accepted if it is the only one that

- gives each layer of the graph exactly the tensors that it takes, in the shapes that it needs;
- keeps the children of a block together, in the order in which the graph runs or made its layers,
  and numbered children (``0``, ``1``; ``conv1``, ``conv2``) in the order of their numbers;
- where several do, connects children of the same two names in the same way in every block.

A file with two such pairings is refused: nothing in it says which one is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from architectures.graph.graph import Graph
from architectures.graph.infer import merged
from architectures.graph.known_shapes import annotated
from architectures.graph.lowering import lower
from architectures.graph.operator import Dims
from mappings.errors import ReconcileError
from mappings.prefixes import resolve
from mappings.words import counted

Shape = tuple[int, ...]
SPELLINGS = {"moving_mean": "running_mean", "moving_var": "running_var"}
LEAVES = ("weight", "bias", "gamma", "beta", *SPELLINGS)
STEPS = 200_000
"""Choices tried before a pairing counts as not to be found."""
MOST = 64
"""Pairings of one order that are compared."""


@dataclass(frozen=True)
class GraphNaming:
    """``variables``: the file's name of each variable that the file holds, by variable."""

    scheme: str
    variables: Mapping[str, str]
    notes: tuple[str, ...] = ()


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


def match_names(graph: Graph, shapes: Mapping[str, Shape]) -> GraphNaming:
    """Find each variable's tensor in a file; ``shapes`` are the file's tensors by name.

    Raises ReconcileError for structural names that fit in no way, or in more than one.
    """
    names = {node.name for _, node in graph.variables}
    plain = {name: name.removeprefix("arg:").removeprefix("aux:") for name in shapes}
    if any(short in names for short in plain.values()):
        found = {short: name for name, short in plain.items() if short in names}
        return GraphNaming("export" if plain.keys() - plain.values() else "prefixed", found)
    layers = _graph_layers(graph)
    if not any("." in short for short in plain.values()):
        return _renamed(plain, layers)
    return _structural(
        {short: (name, shapes[name]) for name, short in plain.items()}, graph, layers
    )


def _renamed(plain: Mapping[str, str], layers: Sequence[GraphLayer]) -> GraphNaming:
    """Flat names behind another prefix, or behind none (``save_params``)."""
    own = {variable: variable for layer in layers for variable, _ in layer.tensors.values()}
    stem = _common_prefix(own)
    space = {variable.removeprefix(stem): variable for variable in own}
    known, prefixes = resolve(plain.values(), space)
    if not known:
        raise ReconcileError("no tensor of the file has the name of a variable of the graph")
    names = {short: name for name, short in plain.items()}
    note = f"prefix {' and '.join(map(repr, prefixes))}, the graph's is {stem!r}"
    found = {variable: names[short] for short, variable in known.items()}
    return GraphNaming("prefixed" if any(prefixes) else "stripped", found, (note,))


def _common_prefix(names: Collection[str]) -> str:
    """The network's own prefix: what all names share, up to an underscore."""
    first, last = min(names, default=""), max(names, default="")
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, shared) + 1]


# ----------------------------------------------------------------------------- the graph's layers


def _graph_layers(graph: Graph) -> list[GraphLayer]:
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
            stem, number = _numbered(word)
            chains[stem].append((number, scope))
        left = [sorted(chain, key=lambda item: item[0]) for chain in chains.values()]
        while left := [chain for chain in left if chain]:
            chain = min(left, key=lambda chain: chain[0][1].begins)
            yield from chain.pop(0)[1].ordered()


def _made_order(layers: Sequence[GraphLayer]) -> list[GraphLayer]:
    """The layers in the order in which Gluon made them, as far as their flat names tell it."""
    root = _Scope(0)
    for place, layer in enumerate(layers):
        scope = root
        variable = next(iter(layer.tensors.values()))[0]
        for word in variable.split("_")[:-1]:
            scope = scope.inner.setdefault(word, _Scope(place))
        scope.layers.append(layer)
    return list(root.ordered())


def _numbered(word: str) -> tuple[str, int]:
    """A word without the number at its end, and the number; -1 without one."""
    stem = word.rstrip("0123456789")
    return stem, int(word[len(stem) :] or -1)


# ------------------------------------------------------------------------------ the file's layers


class _Block:
    """A block of the file, by structural names: its tensors by leaf, how the file spells
    each leaf, and its children."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tensors: dict[str, Shape] = {}
        self.spelled: dict[str, str] = {}
        self.children: dict[str, _Block] = {}

    def alone(self) -> _Block:
        """The block without its children."""
        block = _Block(self.name)
        block.tensors, block.spelled = self.tensors, self.spelled
        return block

    def chains(self) -> tuple[tuple[_Block, ...], ...]:
        """The children whose order among each other is known: those that are numbered alike."""
        chains: dict[str, list[tuple[int, _Block]]] = defaultdict(list)
        for word, child in self.children.items():
            stem, number = _numbered(word)
            chains[stem].append((number, child))
        return tuple(
            tuple(child for _, child in sorted(chain, key=lambda item: item[0]))
            for chain in chains.values()
        )


def _file_blocks(tensors: Mapping[str, Shape]) -> _Block:
    root = _Block("")
    for name, shape in tensors.items():
        *path, leaf = name.split(".")
        block = root
        for word in path:
            block = block.children.setdefault(word, _Block(f"{block.name}.{word}".lstrip(".")))
        plain = SPELLINGS.get(leaf, leaf)
        block.tensors[plain], block.spelled[plain] = shape, leaf
    return root


def _structural(
    tensors: Mapping[str, tuple[str, Shape]], graph: Graph, layers: list[GraphLayer]
) -> GraphNaming:
    root = _file_blocks({short: shape for short, (_, shape) in tensors.items()})
    held = sum(1 for _ in _layers_of(root))
    if held != len(layers):
        raise ReconcileError(
            f"the file has {counted(held, 'layer')} under structural names, the graph "
            f"{len(layers)}: they are not of the same network; export the network again"
        )
    distinct: dict[tuple[str, ...], list[tuple[GraphLayer, _Block]]] = {}
    for order in (layers, _made_order(layers)):
        for pairing in _pairings(root, order):
            by_layer = {layer.node: block.name for layer, block in pairing}
            distinct[tuple(by_layer[layer.node] for layer in layers)] = pairing
    found = list(distinct.values())
    if len(found) > 1:
        before = _before(graph, layers)
        found = [pairing for pairing in found if _is_consistent(pairing, before)] or found
    if not found:
        raise ReconcileError(
            "the file's structural names fit the graph's layers in no order: they are not of the "
            "same network, or the graph runs its layers in an order that the names don't tell; "
            "export the network again"
        )
    if len(found) > 1:
        mine = {layer.node: block.name for layer, block in found[0]}
        other = next((a, b) for a, b in found[1] if mine[a.node] != b.name)
        raise ReconcileError(
            f"the layer {other[0].name!r} of the graph may be {mine[other[0].node]!r} or "
            f"{other[1].name!r} of the file, and nothing says which: export the network again, so "
            f"that the parameters have the graph's names"
        )
    variables = {}
    for layer, block in found[0]:
        for leaf, (variable, _) in layer.tensors.items():
            short = f"{block.name}.{block.spelled[leaf]}".lstrip(".")
            variables[variable] = tensors[short][0]
    note = f"structural names paired with the graph's {len(layers)} layers, in the only way"
    return GraphNaming("structural", variables, (note,))


Agenda = tuple[tuple[tuple["_Block", ...], ...], Any] | None
"""What is still to be paired: chains of blocks, then the rest of the agenda."""


def _pairings(
    root: _Block, order: Sequence[GraphLayer]
) -> Iterator[list[tuple[GraphLayer, _Block]]]:
    """The ways to pair all layers of the file with the graph's, in this order, at most MOST.

    Raises ReconcileError if that takes too many steps.
    """
    given, steps = 0, 0
    stack: list[tuple[int, Agenda, Any]] = [(0, (((root,),), None), None)]
    while stack and given < MOST:
        place, agenda, paired = stack.pop()
        steps += 1
        if steps > STEPS:
            raise ReconcileError(
                "the file's structural names could belong to the graph's layers in too many ways: "
                "export the network again, so that the parameters have the graph's names"
            )
        if agenda is None:
            if place == len(order):
                given += 1
                yield _unlinked(paired, order)
            continue
        chains, rest = agenda
        if not chains:
            stack.append((place, rest, paired))
            continue
        for index, (block, *others) in enumerate(chains):
            left = (*chains[:index], *((tuple(others),) if others else ()), *chains[index + 1 :])
            remaining: Agenda = (left, rest)
            if block.children:
                inner = block.chains()
                if block.tensors:
                    inner = ((block.alone(),), *inner)
                stack.append((place, (inner, remaining), paired))
            elif place < len(order) and order[place].takes(block.tensors):
                stack.append((place + 1, remaining, (block, paired)))


def _unlinked(paired: Any, order: Sequence[GraphLayer]) -> list[tuple[GraphLayer, _Block]]:
    blocks = []
    while paired is not None:
        block, paired = paired
        blocks.append(block)
    return list(zip(order, reversed(blocks), strict=True))


def _before(graph: Graph, layers: Sequence[GraphLayer]) -> dict[int, int]:
    """For each layer's node, the layers that it depends on, as the bits of a number."""
    bits = {layer.node: 1 << place for place, layer in enumerate(layers)}
    found: list[int] = []
    for index, node in enumerate(graph.nodes):
        before = 0
        for entry in node.inputs:
            before |= found[entry.node]
        found.append(before | bits.get(index, 0))
    return {node: found[node] ^ bit for node, bit in bits.items()}


def _is_consistent(pairing: Sequence[tuple[GraphLayer, _Block]], before: Mapping[int, int]) -> bool:
    """Whether children of the same two names, such as ``conv2`` and ``conv3``, are connected in the
    same way in every block: the second depends on the first, or does not."""
    places = {node: place for place, node in enumerate(before)}
    blocks: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for layer, block in sorted(pairing, key=lambda pair: pair[0].node):
        words = block.name.split(".")
        for depth, word in enumerate(words):
            if not word.isdigit():
                parent = ".".join(words[:depth])
                blocks[parent].setdefault(word, []).append(layer.node)
    known: dict[tuple[str, str], bool] = {}
    for children in blocks.values():
        for one, first in children.items():
            for other, second in children.items():
                if one != other:
                    depends = bool(before[second[0]] >> places[first[-1]] & 1)
                    if known.setdefault((one, other), depends) != depends:
                        return False
    return True


def _layers_of(block: _Block) -> Iterator[_Block]:
    if block.tensors:
        yield block
    for child in block.children.values():
        yield from _layers_of(child)
