"""Pairs a file's structural names (``features.4.body.0.weight``) with the layers of a graph.

The graph does not hold these names. A pairing is accepted if it is the only one that

- gives each layer of the graph exactly the tensors that it takes, in the shapes that it needs;
- keeps the children of a block together, in the order in which the graph runs or made its layers,
  and numbered children (``0``, ``1``; ``conv1``, ``conv2``) in the order of their numbers;
- where several do, connects children of the same two names in the same way in every block.

A file with two such pairings is refused: nothing in it says which one is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from architectures.graph.graph import Graph
from convert.graph_layers import SPELLINGS, GraphLayer, Shape, graph_layers, made_order, numbered
from mappings.errors import ReconcileError
from mappings.words import counted

STEPS = 200_000
"""Choices tried before a pairing counts as not to be found."""
MOST = 64
"""Pairings of one order that are compared."""


class FileBlock:
    """A block of the file, by structural names: its tensors by leaf, how the file spells
    each leaf, and its children."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tensors: dict[str, Shape] = {}
        self.spelled: dict[str, str] = {}
        self.children: dict[str, FileBlock] = {}

    def alone(self) -> FileBlock:
        """The block without its children."""
        block = FileBlock(self.name)
        block.tensors, block.spelled = self.tensors, self.spelled
        return block

    def chains(self) -> tuple[tuple[FileBlock, ...], ...]:
        """The children whose order among each other is known: those that are numbered alike."""
        chains: dict[str, list[tuple[int, FileBlock]]] = defaultdict(list)
        for word, child in self.children.items():
            stem, number = numbered(word)
            chains[stem].append((number, child))
        return tuple(
            tuple(child for _, child in sorted(chain, key=lambda item: item[0]))
            for chain in chains.values()
        )


def _file_blocks(tensors: Mapping[str, Shape]) -> FileBlock:
    root = FileBlock("")
    for name, shape in tensors.items():
        *path, leaf = name.split(".")
        block = root
        for word in path:
            block = block.children.setdefault(word, FileBlock(f"{block.name}.{word}".lstrip(".")))
        plain = SPELLINGS.get(leaf, leaf)
        block.tensors[plain], block.spelled[plain] = shape, leaf
    return root


def pair_names(graph: Graph, shapes: Mapping[str, Shape]) -> dict[str, str]:
    """The structural name of each variable of the graph; ``shapes`` are the file's by name.

    Raises ReconcileError for names that fit in no way, or in more than one.
    """
    layers = graph_layers(graph)
    root = _file_blocks(shapes)
    held = sum(1 for _ in _layers_of(root))
    if held != len(layers):
        raise ReconcileError(
            f"the file has {counted(held, 'layer')} under structural names, the graph "
            f"{len(layers)}: they are not of the same network; export the network again"
        )
    distinct: dict[tuple[str, ...], list[tuple[GraphLayer, FileBlock]]] = {}
    for order in (layers, made_order(layers)):
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
            variables[variable] = short
    return variables


Agenda = tuple[tuple[tuple["FileBlock", ...], ...], Any] | None
"""What is still to be paired: chains of blocks, then the rest of the agenda."""


def _pairings(
    root: FileBlock, order: Sequence[GraphLayer]
) -> Iterator[list[tuple[GraphLayer, FileBlock]]]:
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


def _unlinked(paired: Any, order: Sequence[GraphLayer]) -> list[tuple[GraphLayer, FileBlock]]:
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


def _is_consistent(
    pairing: Sequence[tuple[GraphLayer, FileBlock]], before: Mapping[int, int]
) -> bool:
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


def _layers_of(block: FileBlock) -> Iterator[FileBlock]:
    if block.tensors:
        yield block
    for child in block.children.values():
        yield from _layers_of(child)
