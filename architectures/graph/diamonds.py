"""Regions of a graph that open at one value and close at one node: residual units on parallel ways.

A region lies between a node that takes several values and the last node that all ways to it pass
(its immediate dominator).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from architectures.graph.blocks import Item

LARGEST = 48
"""Items of one region."""

Takes = Mapping[Item, Mapping[tuple[Item | None, int], None]]


def diamonds(order: Sequence[Item], takes: Takes, kept: set[Item]) -> list[list[Item]]:
    """Every region of at most ``LARGEST`` items, each in order of execution, its closing node last.

    ``takes``: the values of each item by who gives them, None for the outside. ``kept``: items
    whose values are needed outside, which only close a region.
    """
    place = {item: index for index, item in enumerate(order)}
    givers = [
        sorted({-1 if giver is None else place[giver] for giver, _ in takes[item]})
        for item in order
    ]
    users: list[list[int]] = [[] for _ in order]
    for index, several in enumerate(givers):
        for giver in several:
            if giver >= 0:
                users[giver].append(index)
    dominators, walked = [-1] * len(order), 0
    found: list[list[Item]] = []
    for index, several in enumerate(givers):
        dominator = several[-1] if several else -1
        for giver in several:
            one = giver
            while one != dominator:
                walked += 1
                if one > dominator:
                    one = dominators[one]
                else:
                    dominator = dominators[dominator]
        dominators[index] = dominator
        if walked > 64 * len(order):
            return found
        if len(several) > 1:
            region = _region(index, dominator, givers)
            if region and _closed(region, index, order, takes, users, kept):
                found.append([order[one] for one in region])
    return found


def _region(closing: int, opening: int, givers: Sequence[Sequence[int]]) -> list[int]:
    """All items between two, empty if there are too many."""
    seen, front = {closing}, [closing]
    while front:
        for giver in givers[front.pop()]:
            if giver != opening and giver not in seen:
                seen.add(giver)
                front.append(giver)
        if len(seen) > LARGEST:
            return []
    return sorted(seen)


def _closed(
    region: Sequence[int],
    closing: int,
    order: Sequence[Item],
    takes: Takes,
    users: Sequence[Sequence[int]],
    kept: set[Item],
) -> bool:
    """Whether a region takes one value and gives one."""
    inside = {order[index] for index in region}
    entering = {value for item in inside for value in takes[item] if value[0] not in inside}
    return len(entering) == 1 and all(
        index == closing
        or (order[index] not in kept and all(order[user] in inside for user in users[index]))
        for index in region
    )
