"""Names with prefixes, and which prefixes they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush


def resolve(names: Collection[str], space: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Resolve names as ``prefix + name in space``, the most common prefix first.

    Most files have one prefix; a file with features from another network has two. Among equally
    common prefixes the shortest goes first, then the lexically smallest. Returns the resolved names
    and the prefixes in use. Each pair of a name and its suffix in ``space`` is handled a fixed
    number of times, so the work grows only with the total length of the names.
    """
    suffixes = _suffixes(names, space)
    behind: dict[str, set[str]] = defaultdict(set)  # prefix -> the names that it explains
    ending: dict[str, list[str]] = defaultdict(list)  # suffix -> the names that end in it
    for name, ends in suffixes.items():
        for end in ends:
            behind[name.removesuffix(end)].add(name)
            ending[end].append(name)
    resolved: dict[str, str] = {}
    prefixes: list[str] = []
    queue = [(-len(explained), len(prefix), prefix) for prefix, explained in behind.items()]
    heapify(queue)
    while queue:
        votes, length, prefix = heappop(queue)
        explained = behind[prefix]
        if len(explained) < -votes:  # some were explained otherwise since it was queued
            if explained:
                heappush(queue, (-len(explained), length, prefix))
            continue
        prefixes.append(prefix)
        for name in sorted(explained):
            taken = name[length:]
            resolved[name] = space[taken]
            for end in suffixes.pop(name):
                behind[name.removesuffix(end)].discard(name)
            for other in ending.pop(taken):
                behind[other.removesuffix(taken)].discard(other)
    return resolved, prefixes


def _suffixes(names: Collection[str], space: Mapping[str, str]) -> dict[str, list[str]]:
    """The suffixes of each name that are in ``space``; names without any are left out."""
    lengths = sorted({len(name) for name in space})
    found = {}
    for name in names:
        ends = [name[-n:] for n in lengths if n <= len(name) and name[-n:] in space]
        if ends:
            found[name] = ends
    return found
