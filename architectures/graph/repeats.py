"""Blocks that a graph repeats although its names are flat: residual units, inception modules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from architectures.graph.blocks import Blocks, Item
from architectures.graph.graph import Graph
from architectures.graph.placing import ACTIVATIONS

Local = dict[int, Sequence[str]]
"""The words that a node's name has within its block."""

Uses = dict[Item, dict[tuple[Item | None, int], None]]
"""For each item the values that it takes: who at its level gives them (None: the outside)."""

NUMBERED = re.compile(r"([a-z]+(?:_[a-z]+)*?)_?([0-9]+)", re.ASCII)


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
    for level, segments, signatures in found:
        repeated = [
            len(segment)
            for segment, signature in zip(segments, signatures, strict=True)
            if counts[signature] > 1
        ]
        if repeated and len(segments) > 1:
            chosen = [segment for segment in segments if len(segment) <= 2 * max(repeated)]
            _add(blocks, level, chosen, layers, local, named)


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
    """conv4, batchnorm4, conv5, ... as conv1, batchnorm1, conv2, ... if all are numbered so."""
    matches = {node: NUMBERED.fullmatch(name) for node, name in names.items()}
    bases = {node: match[1] for node, match in matches.items() if match is not None}
    if len(bases) < len(names):
        return {}
    totals, seen = Counter(bases.values()), Counter[str]()
    found: dict[int, Sequence[str]] = {}
    for node, base in sorted(bases.items()):
        seen[base] += 1
        found[node] = [base if totals[base] == 1 else f"{base}{seen[base]}"]
    return found
