"""The block of every node of a graph, of the nodes whose names say nothing too."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.blocks import ROOT, Blocks
from architectures.graph.graph import Graph

ACTIVATIONS = frozenset(("Activation", "LeakyReLU", "relu", "sigmoid", "tanh", "clip"))


def placed(graph: Graph, blocks: Blocks, by_name: Mapping[int, int]) -> Blocks:
    """Fill in ``blocks.of``.

    ``by_name``: the block of each operator node by its name. A node without one (``_plus0``) is in
    the smallest block around what it takes and what takes it. A sum of a block's result with the
    block's input is in that block, and so is an activation that ends it.
    """
    users: dict[int, list[int]] = {}
    for node, taken in blocks.takes.items():
        for source in taken:
            users.setdefault(source, []).append(node)
    later: dict[int, int] = {}
    for node in reversed(list(blocks.takes)):
        block = by_name[node]
        if block == ROOT and node in users:
            block = later[users[node][0]]
        later[node] = block
    inputs: dict[int, set[int]] = {}
    for node, taken in blocks.takes.items():
        block = by_name[node]
        if block == ROOT:
            sources = [source for source in taken if source in blocks.of]
            earlier = blocks.of[max(sources)] if sources else ROOT
            block = blocks.common(earlier, later[node])
            if len(set(taken)) > 1 or graph.nodes[node].op in ACTIVATIONS:
                for around in blocks.chain(earlier):
                    if around == block:
                        break
                    if _ends(blocks, around, node, users, inputs.get(around, set())):
                        block = around
                        break
        blocks.of[node] = block
        for around in blocks.chain(block):
            for source in taken:
                if source not in blocks.of or not blocks.inside(blocks.of[source], around):
                    inputs.setdefault(around, set()).add(source)
    return blocks


def _ends(
    blocks: Blocks, around: int, node: int, users: Mapping[int, list[int]], inputs: set[int]
) -> bool:
    """Whether a node takes nothing but results that the block has for it alone, and inputs."""
    for source in blocks.takes[node]:
        if source in blocks.of and blocks.inside(blocks.of[source], around):
            for user in users[source]:
                if user != node and not (
                    user in blocks.of and blocks.inside(blocks.of[user], around)
                ):
                    return False
        elif source not in inputs:
            return False
    return True
