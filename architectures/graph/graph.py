"""An MXNet symbol: nodes in execution order, each with its operator, attributes and inputs.

A graph is data only. Names are not keys: files repeat them, so a node is known by its index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class NodeEntry:
    """One output of one node."""

    node: int
    output: int = 0


@dataclass(frozen=True)
class Node:
    """A variable (``op`` is None) or an operator.

    ``attributes`` are the operator's own, as the file's text (``{"kernel": "(3, 3)"}``); those of a
    variable are its annotations (``{"__shape__": "(0, 3, 112, 112)"}``). ``annotations`` of an
    operator are what MXNet keeps for others: ``__lr_mult__``, ``__ctx_group__``.
    """

    op: str | None
    name: str
    inputs: tuple[NodeEntry, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Every node that a head needs, inputs before their users.

    ``heads`` are the graph's outputs in order. ``version`` is that of the MXNet that wrote the file
    (10901 is 1.9.1), None if it does not say.
    """

    nodes: tuple[Node, ...]
    heads: tuple[NodeEntry, ...]
    version: int | None = None

    @property
    def variables(self) -> Iterator[tuple[int, Node]]:
        """The index and node of every variable: inputs, labels and parameters."""
        return ((index, node) for index, node in enumerate(self.nodes) if node.op is None)

    @cached_property
    def operators(self) -> Counter[str]:
        """How often each operator occurs."""
        return Counter(node.op for node in self.nodes if node.op is not None)

    @cached_property
    def users(self) -> Mapping[int, tuple[int, ...]]:
        """The nodes that take an output of each node."""
        found: dict[int, list[int]] = {index: [] for index in range(len(self.nodes))}
        for index, node in enumerate(self.nodes):
            for entry in node.inputs:
                found[entry.node].append(index)
        return {index: tuple(users) for index, users in found.items()}
