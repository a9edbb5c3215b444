"""Blocks of a network: nested sets of its nodes, each of which one call can run.

A block can be called where no path leaves it and comes back. That holds for all blocks at once if
at every level, with each block as one item, the items' arrows have no circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

ROOT = 0

Item = tuple[bool, int]
"""A block (True) or a node (False), by its number."""


@dataclass
class Blocks:
    """A tree of blocks with the block of each node.

    ``parents``: of each block; block 0 is the network. ``of``: the block of each node.
    ``takes``: the nodes whose outputs each node takes, nodes in execution order.
    """

    takes: Mapping[int, Sequence[int]]
    parents: list[int] = field(default_factory=lambda: [ROOT])
    of: dict[int, int] = field(default_factory=dict)

    @property
    def members(self) -> dict[int, list[int]]:
        """All nodes in each block and in the blocks within it."""
        found: dict[int, list[int]] = {}
        for node in self.takes:
            for block in self.chain(self.of[node]):
                found.setdefault(block, []).append(node)
        return found

    def chain(self, block: int) -> Iterator[int]:
        """The block and the blocks around it, without the network."""
        while block != ROOT:
            yield block
            block = self.parents[block]

    def inside(self, block: int, around: int) -> bool:
        """Whether a block lies in another one, or is that one."""
        return around == ROOT or around in self.chain(block)

    def common(self, one: int, other: int) -> int:
        """The smallest block around two."""
        if one == other or ROOT in (one, other):
            return one and other
        around = set(self.chain(one))
        return next((block for block in self.chain(other) if block in around), ROOT)

    def item(self, node: int, level: int) -> Item:
        """What a level, which holds the node, sees of it."""
        block, seen = self.of[node], None
        while block != level:
            block, seen = self.parents[block], block
        return (False, node) if seen is None else (True, seen)

    def arrows(self) -> Iterator[tuple[int, Item, Item]]:
        """Each use of a node's output by another: the level at which the two part, and the items
        that hold them there."""
        for user, taken in self.takes.items():
            for node in taken:
                if node in self.of:
                    level = self.of[node]
                    if level == self.of[user]:
                        yield level, (False, node), (False, user)
                    else:
                        level = self.common(level, self.of[user])
                        yield level, self.item(node, level), self.item(user, level)

    def levels(self) -> dict[int, dict[Item, int]]:
        """The items of every level, each with the first node that it holds."""
        found: dict[int, dict[Item, int]] = {}
        for node in self.takes:
            block = self.of[node]
            found.setdefault(block, {})[(False, node)] = node
            for inner in self.chain(block):
                level = found.setdefault(self.parents[inner], {})
                if (True, inner) in level:
                    break
                level[True, inner] = node
        return found

    def orders(self) -> dict[int, list[Item]]:
        """The items of every level in an order of execution. There must be no circle."""
        after: dict[Item, set[Item]] = {}
        waiting: dict[Item, int] = {}
        for _, before, user in self.arrows():
            if before != user and user not in after.setdefault(before, set()):
                after[before].add(user)
                waiting[user] = waiting.get(user, 0) + 1
        return {level: _order(items, after, waiting) for level, items in self.levels().items()}

    def circles(self) -> set[int]:
        """The blocks that are in a circle with others at their level."""
        after: dict[Item, set[Item]] = {}
        for _, before, user in self.arrows():
            if before != user:
                after.setdefault(before, set()).add(user)
        return {number for circle in _circles(after) for is_block, number in circle if is_block}


def _order(
    items: Mapping[Item, int], after: Mapping[Item, set[Item]], waiting: dict[Item, int]
) -> list[Item]:
    ready = [(first, item) for item, first in items.items() if not waiting.get(item)]
    heapify(ready)
    found = []
    while ready:
        _, item = heappop(ready)
        found.append(item)
        for user in after.get(item, ()):
            waiting[user] -= 1
            if not waiting[user]:
                heappush(ready, (items[user], user))
    assert len(found) == len(items), "blocks that need each other"
    return found


def _circles(after: Mapping[Item, Iterable[Item]]) -> Iterator[list[Item]]:
    """The strongly connected components of more than one item (Tarjan, 1972, without recursion)."""
    numbers: dict[Item, int] = {}
    low: dict[Item, int] = {}
    stack: list[Item] = []
    on_stack: set[Item] = set()
    for start in list(after):
        if start in numbers:
            continue
        work: list[tuple[Item, Iterator[Item]]] = []
        _enter(start, numbers, low, stack, on_stack, work, after)
        while work:
            item, users = work[-1]
            for user in users:
                if user not in numbers:
                    _enter(user, numbers, low, stack, on_stack, work, after)
                    break
                if user in on_stack:
                    low[item] = min(low[item], numbers[user])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[item])
                if low[item] == numbers[item]:
                    component = [stack.pop()]
                    while component[-1] != item:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    if len(component) > 1:
                        yield component


def _enter(
    item: Item,
    numbers: dict[Item, int],
    low: dict[Item, int],
    stack: list[Item],
    on_stack: set[Item],
    work: list[tuple[Item, Iterator[Item]]],
    after: Mapping[Item, Iterable[Item]],
) -> None:
    numbers[item] = low[item] = len(numbers)
    stack.append(item)
    on_stack.add(item)
    work.append((item, iter(sorted(after.get(item, ())))))
