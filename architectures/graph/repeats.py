"""Blocks that a graph repeats although its names are flat: residual units, inception modules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from architectures.graph.blocks import ROOT, Blocks, Item
from architectures.graph.diamonds import diamonds
from architectures.graph.graph import Graph
from architectures.graph.placing import ACTIVATIONS

Local = dict[int, Sequence[str]]
"""The words that a node's name has within its block."""

Uses = dict[Item, dict[tuple[Item | None, int], None]]
"""For each item the values that it takes: who at its level gives them (None: the outside)."""

MANY = 100
"""Layers that lie side by side in one block, from which on repeated parts of it are looked for."""


def units(
    graph: Graph,
    blocks: Blocks,
    layers: Mapping[int, Sequence[int]],
    local: Local,
    named: MutableMapping[int, list[str]],
) -> None:
    """Make a block of each branching segment of a level whose structure occurs more than once.

    A segment lies between two places where a single value is alive. New blocks are added to
    ``blocks`` with their names, and the layers in them get shorter local names.
    """
    members = blocks.members
    found = []
    for level, order in blocks.orders().items():
        uses = _uses(blocks, members, level, order)
        segments = _segments(graph, order, uses, layers)
        found.append((level, segments, [_signature(graph, members, s, uses) for s in segments]))
    counts = Counter(signature for *_, signatures in found for signature in signatures)
    chosen: dict[int, list[list[Item]]] = {}
    for level, segments, signatures in found:
        repeated = [
            len(segment)
            for segment, signature in zip(segments, signatures, strict=True)
            if counts[signature] > 1
        ]
        if repeated and len(segments) > 1:
            chosen[level] = [s for s in segments if len(s) <= 2 * max(repeated)]
    _parallel(graph, blocks, members, layers, chosen)
    for level, several in chosen.items():
        _add(blocks, level, several, layers, local, named)


def _parallel(
    graph: Graph,
    blocks: Blocks,
    members: Mapping[int, Sequence[int]],
    layers: Mapping[int, Sequence[int]],
    chosen: MutableMapping[int, list[list[Item]]],
) -> None:
    """Add the repeated regions that lie on parallel ways, where several values are alive."""
    kept = _kept(graph, blocks)
    found: list[tuple[int, list[Item], str]] = []
    orders = blocks.orders()
    for level, order in orders.items():
        plain = sum(not is_block and number in layers for is_block, number in order)
        plain -= sum(number in layers for s in chosen.get(level, ()) for _, number in s)
        if plain < MANY:
            continue
        uses = _uses(blocks, members, level, order)
        taken = {item for segment in chosen.get(level, ()) for item in segment}
        after: dict[Item, list[Item]] = {}
        for other in order:
            for item, _ in uses[other]:
                if item is not None:
                    after.setdefault(item, []).append(other)
        for region in diamonds(order, uses, kept.get(level, set())):
            following = after.get(region[-1], [])
            alone = len(following) == 1 and region[-1] not in kept.get(level, set())
            if alone and _follows(graph, following[0], region, uses[following[0]]):
                region.append(following[0])
            owned = sum(not is_block and number in layers for is_block, number in region)
            if owned > 1 and len(region) < len(order) and not taken & set(region):
                found.append((level, region, _signature(graph, members, region, uses)))
    counts = Counter(signature for *_, signature in found)
    used: set[tuple[int, Item]] = set()
    for level, region, signature in sorted(found, key=lambda one: -len(one[1])):
        items = {(level, item) for item in region}
        if counts[signature] > 1 and not items & used:
            used |= items
            chosen.setdefault(level, []).append(region)
    for level, several in chosen.items():
        place = {item: index for index, item in enumerate(orders[level])}
        several.sort(key=lambda segment: place[segment[0]])


def _kept(graph: Graph, blocks: Blocks) -> dict[int, set[Item]]:
    """The items of every level whose values are needed outside of it."""
    found: dict[int, set[Item]] = {}
    for user, taken in blocks.takes.items():
        for source in taken:
            if source in blocks.of and blocks.of[source] != blocks.of[user]:
                shared = blocks.common(blocks.of[source], blocks.of[user])
                for level in blocks.chain(blocks.of[source]):
                    if level == shared:
                        break
                    found.setdefault(level, set()).add(blocks.item(source, level))
    for head in graph.heads:
        if head.node in blocks.of:
            for level in (*blocks.chain(blocks.of[head.node]), ROOT):
                found.setdefault(level, set()).add(blocks.item(head.node, level))
    return found


def _segments(
    graph: Graph, order: Sequence[Item], uses: Uses, layers: Mapping[int, Sequence[int]]
) -> list[list[Item]]:
    """The segments of several branches and at least two layers, each with its last activation."""
    place = {item: index for index, item in enumerate(order)}
    first: dict[tuple[Item | None, int], int] = {}
    last: dict[tuple[Item | None, int], int] = {}
    for item in order:
        for source in uses[item]:
            first.setdefault(source, place[item])
            last[source] = place[item]
    born: list[list[int]] = [[] for _ in order]
    alive = Counter[int]()
    for (giver, node), end in last.items():
        start = first[giver, node] if giver is None else place[giver]
        alive[start] += 1
        alive[end] -= 1
        if giver is not None:
            born[start].append(end)
    segments: list[list[Item]] = []
    current: list[Item] = []
    count = 0
    for index, item in enumerate(order):
        current.append(item)
        count += alive[index]
        ends = index == len(order) - 1
        if ends or (count == 1 and born[index]):
            if len(current) > 1:
                segments.append(current)
            elif segments and _follows(graph, current[0], segments[-1], uses[item]):
                segments[-1].append(item)
            current = []
    return [
        segment
        for segment in segments
        if len(segment) < len(order)
        and sum(not is_block and number in layers for is_block, number in segment) > 1
    ]


def _follows(
    graph: Graph,
    item: Item,
    segment: Sequence[Item],
    sources: Iterable[tuple[Item | None, int]],
) -> bool:
    is_block, node = item
    return (
        not is_block
        and graph.nodes[node].op in ACTIVATIONS
        and any(source == segment[-1] for source, _ in sources)
    )


def _uses(
    blocks: Blocks, members: Mapping[int, Sequence[int]], level: int, order: Sequence[Item]
) -> Uses:
    taken: Uses = {item: {} for item in order}
    for item in order:
        for node in members[item[1]] if item[0] else (item[1],):
            for source in blocks.takes[node]:
                giver: Item | None = None
                if source in blocks.of and blocks.inside(blocks.of[source], level):
                    giver = blocks.item(source, level)
                if giver != item:
                    taken[item][giver, source] = None
    return taken


def _signature(
    graph: Graph, members: Mapping[int, Sequence[int]], segment: Sequence[Item], uses: Uses
) -> str:
    place: dict[Item | None, int] = {item: index for index, item in enumerate(segment)}
    parts = []
    for item in segment:
        nodes = members[item[1]] if item[0] else (item[1],)
        ops = [graph.nodes[node].op for node in nodes]
        parts.append((ops, [place.get(giver, -1) for giver, _ in uses[item]]))
    return repr(parts)


def _add(
    blocks: Blocks,
    level: int,
    segments: Sequence[Sequence[Item]],
    layers: Mapping[int, Sequence[int]],
    local: Local,
    named: MutableMapping[int, list[str]],
) -> None:
    taken = {"_".join(named[b]) for b, parent in enumerate(blocks.parents) if parent == level}
    owners = [
        [n for is_block, n in segment if not is_block and n in layers] for segment in segments
    ]
    if _shared(layers, segments):
        return
    words = [_shared_word([local[node] for node in owned]) for owned in owners]
    meaningful = None not in words and len(set(words)) == len(words) and not taken & set(words)
    count = 0
    for segment, owned, word in zip(segments, owners, words, strict=True):
        block = len(blocks.parents)
        blocks.parents.append(level)
        count += 1
        if meaningful and word is not None:
            named[block] = [word if not word[0].isdigit() else f"block_{word}"]
            for node in owned:
                local[node] = [p for p in "_".join(local[node]).split("_") if p != word]
        else:
            while f"unit{count}" in taken:
                count += 1
            named[block] = [f"unit{count}"]
            local.update(_renumbered({node: "_".join(local[node]) for node in owned}))
        for is_block, number in segment:
            if is_block:
                blocks.parents[number] = block
            else:
                blocks.of[number] = block


def _shared(layers: Mapping[int, Sequence[int]], segments: Sequence[Sequence[Item]]) -> bool:
    """Whether a layer is called in more than one place of these segments, or outside as well."""
    nodes = {number for segment in segments for is_block, number in segment if not is_block}
    return any(len(calls) > 1 and nodes & {*calls} for calls in layers.values())


def _shared_word(names: Sequence[Sequence[str]]) -> str | None:
    """The part with a digit that all names have, if something is left of each without it."""
    parts = [[part for word in name for part in word.split("_")] for name in names]
    common = [
        part
        for part in parts[0]
        if any(letter.isdigit() for letter in part) and all(part in other for other in parts)
    ]
    if not common or any(len(other) < 2 for other in parts):
        return None
    left = {tuple(part for part in other if part != common[0]) for other in parts}
    return common[0] if len(left) == len(names) else None


def _renumbered(names: Mapping[int, str]) -> dict[int, Sequence[str]]:
    """conv4, batchnorm4, conv5, ... as conv1, batchnorm1, conv2, ...: numbers that only count."""
    pieces = {node: name.split("_") for node, name in names.items()}
    if any(not piece[:1].isalpha() for several in pieces.values() for piece in several):
        return {}
    bases = {
        node: "_".join(piece.rstrip("0123456789") for piece in several)
        for node, several in pieces.items()
    }
    totals, seen = Counter(bases.values()), Counter[str]()
    found: dict[int, Sequence[str]] = {}
    for node, base in sorted(bases.items()):
        seen[base] += 1
        found[node] = [base if totals[base] == 1 else f"{base}{seen[base]}"]
    return found
