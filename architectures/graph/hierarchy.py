"""Module paths from flat names: ``resnetv10_stage1_conv0_weight`` becomes ``stage1.conv0``.

A prefix of names is a block where the graph agrees: its nodes hang together and can be run by one
call. The prefix of the whole network is left out. Where a block repeats a structure under flat
names (conv0, conv1, ... through all its residual units), each repetition is a block too
(``repeats.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from architectures.graph.blocks import ROOT, Blocks, Item
from architectures.graph.graph import Graph
from architectures.graph.identifiers import UniqueNames, identifier, words
from architectures.graph.placing import placed
from architectures.graph.repeats import Local, units

Prefix = tuple[str, ...]

LEAF = re.compile(
    r"[._](weight|bias|gamma|beta|alpha|(moving|running)_(mean|var)|parameters)$", re.ASCII
)
MOST_WORDS = 12
MOST_OUTPUTS = 4
MOST_INPUTS = 8


@dataclass(frozen=True)
class Hierarchy:
    """``paths``: of each owner. ``blocks``: the path of the block that runs each operator node,
    empty for the network itself."""

    paths: Mapping[int, str]
    blocks: Mapping[int, str]


def hierarchy(
    graph: Graph,
    takes: Mapping[int, Sequence[int]],
    layers: Mapping[int, Sequence[int]],
    tensors: Mapping[int, Sequence[int]],
) -> Hierarchy:
    """Arrange a network's layers in blocks.

    ``takes``: the operator nodes in execution order, each with the operator nodes and inputs whose
    values it takes. ``layers``: the node that each layer was made of, with all nodes that call the
    layer. ``tensors``: the variables that no layer owns, with the nodes that use them.
    """
    names = {node: words(graph.nodes[node].name.removesuffix("_fwd")) for node in takes}
    names |= {node: words(graph.nodes[node].name) for node in tensors}
    names |= {node: words(_stem(graph, node, takes[node])) for node in layers}
    names = _without_common(names, layers)
    heads = {head.node for head in graph.heads}
    blocks, prefixes = _agreed(graph, takes, layers, names, heads)
    local: Local = {
        node: found[len(prefixes[blocks.of[node]]) :] if node in takes else found
        for node, found in names.items()
    }
    named = {
        block: list(prefix[len(prefixes[blocks.parents[block]]) :])
        for block, prefix in enumerate(prefixes)
    }
    units(graph, blocks, layers, local, named)
    return _named(graph, blocks, layers, tensors, names, local, named)


def _stem(graph: Graph, node: int, taken: Iterable[int]) -> str:
    """What the names of a layer's tensors have in common, else the name of its node."""
    data = set(taken)
    variables = (graph.nodes[entry.node] for entry in graph.nodes[node].inputs)
    names = [
        variable.name
        for variable, entry in zip(variables, graph.nodes[node].inputs, strict=True)
        if variable.op is None and entry.node not in data
    ]
    stems = {LEAF.sub("", name) for name in names if LEAF.search(name)}
    if len(stems) == 1 and words(stem := stems.pop()):
        return stem
    return graph.nodes[node].name.removesuffix("_fwd")


def _without_common(names: dict[int, list[str]], layers: Iterable[int]) -> dict[int, list[str]]:
    """Names without the words that all layers begin with (``resnetv10_``)."""
    owned = [names[node] for node in layers]
    if len(owned) < 2:
        return names
    count = min(len(found) - 1 for found in owned)
    first = owned[0]
    common = 0
    while common < count and all(found[common] == first[common] for found in owned):
        common += 1
    if common and not first[common - 1][-1].isdigit() and len(owned) < 8:
        return names
    prefix = first[:common]
    return {
        node: found[common:] if found[:common] == prefix else found for node, found in names.items()
    }


def _agreed(
    graph: Graph,
    takes: Mapping[int, Sequence[int]],
    layers: Mapping[int, Sequence[int]],
    names: Mapping[int, Sequence[str]],
    heads: set[int],
) -> tuple[Blocks, list[Prefix]]:
    """The blocks that names propose and the graph confirms, and the prefix of each."""
    proposed = _proposed(layers, names)
    while True:
        prefixes: list[Prefix] = [(), *sorted(proposed, key=lambda prefix: (len(prefix), prefix))]
        numbers = {prefix: number for number, prefix in enumerate(prefixes)}
        parents = [_around(prefix[:-1], numbers) for prefix in prefixes]
        by_name = {node: _around(tuple(names[node][:MOST_WORDS]), numbers) for node in takes}
        blocks = placed(graph, Blocks(takes, parents), by_name)
        wrong = _torn(blocks, layers) or blocks.circles() or _unfit(blocks, layers, heads)
        if not wrong:
            return blocks, prefixes
        proposed -= {prefixes[number] for number in wrong}


def _around(words_: Prefix, numbers: Mapping[Prefix, int]) -> int:
    """The longest prefix among the numbered ones."""
    for length in range(len(words_), 0, -1):
        if words_[:length] in numbers:
            return numbers[words_[:length]]
    return ROOT


def _proposed(
    layers: Mapping[int, Sequence[int]], names: Mapping[int, Sequence[str]]
) -> set[Prefix]:
    """Prefixes of at least two layers, the longest where several stand for the same layers."""
    counts: dict[Prefix, int] = {}
    whole = {tuple(names[node]) for node in layers}
    for node in layers:
        found = tuple(names[node][:MOST_WORDS])
        for length in range(1, len(found)):
            counts[found[:length]] = counts.get(found[:length], 0) + 1
    several = {prefix for prefix, count in counts.items() if count > 1 and prefix not in whole}
    longer = {prefix[:-1] for prefix in several if counts[prefix] == counts.get(prefix[:-1])}
    return several - longer


def _torn(blocks: Blocks, layers: Mapping[int, Sequence[int]]) -> set[int]:
    """The blocks that hold some calls of a layer while others are elsewhere."""
    found: set[int] = set()
    for calls in layers.values():
        around = blocks.of[calls[0]]
        for call in calls[1:]:
            around = blocks.common(around, blocks.of[call])
        for call in calls:
            for block in blocks.chain(blocks.of[call]):
                if block == around:
                    break
                found.add(block)
    return found


def _unfit(blocks: Blocks, layers: Mapping[int, Sequence[int]], heads: set[int]) -> set[int]:
    """The blocks that a person would not write: of one layer, in pieces, of many outputs."""
    count = len(blocks.parents)
    owned, pieces = [0] * count, [0] * count
    taken: list[set[int]] = [set() for _ in range(count)]
    given: list[set[int]] = [set() for _ in range(count)]
    for node in layers:
        for block in blocks.chain(blocks.of[node]):
            owned[block] += 1
    for head in heads & blocks.of.keys():
        for block in blocks.chain(blocks.of[head]):
            given[block].add(head)
    joined: dict[Item, Item] = {}

    def end(item: Item) -> Item:
        while joined.get(item, item) != item:
            joined[item] = joined.get(joined[item], joined[item])
            item = joined[item]
        return item

    for level, items in blocks.levels().items():
        pieces[level] = len(items)
    for level, before, after in blocks.arrows():
        first, second = end(before), end(after)
        if first != second:
            joined[first] = second
            pieces[level] -= 1
    for user, nodes in blocks.takes.items():
        for node in nodes:
            if blocks.of.get(node) == blocks.of[user]:
                continue
            shared = blocks.common(blocks.of[node], blocks.of[user]) if node in blocks.of else ROOT
            for block in blocks.chain(blocks.of[user]):
                if block == shared:
                    break
                taken[block].add(node)
            for block in blocks.chain(blocks.of.get(node, ROOT)):
                if block == shared:
                    break
                given[block].add(node)
    return {
        block
        for block in range(1, count)
        if owned[block] < 2
        or pieces[block] > 1
        or len(given[block]) > MOST_OUTPUTS
        or len(taken[block]) > MOST_INPUTS
        or not given[block]
    }


def _named(
    graph: Graph,
    blocks: Blocks,
    layers: Mapping[int, Sequence[int]],
    tensors: Mapping[int, Sequence[int]],
    names: Mapping[int, Sequence[str]],
    local: Local,
    named: Mapping[int, Sequence[str]],
) -> Hierarchy:
    """Every block, layer and tensor under a name of its own in its block."""
    scopes: dict[int, UniqueNames] = {}
    block_paths = {ROOT: ""}
    first: dict[int, int] = {}
    for node in blocks.takes:
        for block in blocks.chain(blocks.of[node]):
            first.setdefault(block, node)

    def path(block: int, word: str) -> str:
        around = block_paths[block]
        word = scopes.setdefault(block, UniqueNames())(word)
        return f"{around}.{word}" if around else word

    for block in sorted(first, key=lambda block: (len(list(blocks.chain(block))), first[block])):
        block_paths[block] = path(blocks.parents[block], identifier(named[block], "block"))
    paths: dict[int, str] = {}
    for node in sorted(layers):
        otherwise = (graph.nodes[node].op or "layer").lower().strip("_")
        paths[node] = path(blocks.of[node], identifier(local[node], otherwise))
    for node in sorted(tensors):
        block = blocks.of[tensors[node][0]] if tensors[node] else ROOT
        for user in tensors[node][1:]:
            block = blocks.common(block, blocks.of[user])
        around = block
        word = list(names[node])
        for prefix in reversed([named[b] for b in blocks.chain(around)]):
            if word[: len(prefix)] == list(prefix) and len(word) > len(prefix):
                word = word[len(prefix) :]
        paths[node] = path(block, identifier(word, "tensor"))
    return Hierarchy(paths, {node: block_paths[blocks.of[node]] for node in blocks.takes})
