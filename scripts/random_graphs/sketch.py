"""A graph while it is drawn: nodes, shapes, parameters, and the files of all that."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.formats.write_params import write_params

LEGACY, NUMPY = (mark.to_bytes(4, "little") for mark in (0xF993FAC9, 0xF993FACA))
"""What an array of a ``.params`` file begins with, outside and inside numpy mode."""

LARGEST = 4096  # numbers of a value: graphs are many and small

Shape = tuple[int, ...]


class Unfit(Exception):
    """No value fits the node that was to be drawn."""


@dataclass(frozen=True)
class Value:
    """An output of a node, and its shape."""

    node: int
    output: int
    shape: Shape

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def is_small(self) -> bool:
        return 0 < self.size <= LARGEST


class Sketch:
    """Draws by a seed alone. ``values`` are what nodes may take, the newest last.

    ``is_numpy``: the graph has the operators of MXNet's numpy mode, and shapes as they are there.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._numbers = np.random.RandomState(seed % (1 << 32))
        self._nodes: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()
        self.is_numpy = self.random.random() < 0.3
        self._stored: dict[str, np.ndarray[Any, Any]] = {}
        self.inputs: dict[str, Shape] = {}
        self.values: list[Value] = []

    def draw(self, kind: Kind) -> None:
        """Draw a node, and perhaps some before it; nothing is left of one that does not fit."""
        before, stored, values = len(self._nodes), dict(self._stored), list(self.values)
        try:
            kind(self)
        except Unfit:
            del self._nodes[before:]
            self._stored, self.values = stored, values

    def input(self, name: str, shape: Shape) -> Value:
        self.inputs[name] = shape
        return self._variable(name, shape)

    def parameter(
        self, name: str, shape: Shape, low: float, high: float, kind: str = "arg"
    ) -> Value:
        """A variable that the file of parameters has, drawn evenly."""
        drawn = self._numbers.uniform(low, high, shape).astype(np.float32)
        self._stored[f"{kind}:{name}"] = drawn
        return self._variable(name, shape)

    def name(self, op: str) -> str:
        """A name for a node, as MXNet numbers them."""
        word = op.lower().lstrip("_")
        self._counts[word] += 1
        return f"{word}{self._counts[word] - 1}"

    def node(
        self,
        op: str,
        inputs: Sequence[Value],
        *shapes: Shape,
        name: str | None = None,
        **attributes: object,
    ) -> Value:
        """A node with outputs of these shapes; the first of them."""
        attrs = {key: str(value) for key, value in attributes.items()}
        node = {"op": op, "name": name or self.name(op), "attrs": attrs}
        at = self._add(node | {"inputs": [[x.node, x.output, 0] for x in inputs]})
        found = [Value(at, output, shape) for output, shape in enumerate(shapes)]
        self.values += found
        return found[0]

    def any(self, *ranks: int) -> Value:
        """A value of one of these ranks (of any, without), the newest most often; or Unfit."""
        fitting = [v for v in self.values if v.is_small and (not ranks or v.rank in ranks)]
        if not fitting:
            raise Unfit
        newest = self.random.random() < 0.7
        return fitting[-1] if newest else self.random.choice(fitting)

    def other(self, shape: Shape) -> Value:
        """A value of exactly this shape, which may be the very one that is asked for."""
        return self.random.choice([value for value in self.values if value.shape == shape])

    def op(self, *names: str) -> str:
        """One of these operators: numpy's in a numpy graph, the others elsewhere; or Unfit."""
        fitting = [name for name in names if name.startswith("_np") == self.is_numpy]
        if not fitting:
            raise Unfit
        return self.random.choice(fitting)

    def write(self, folder: Path, heads: Sequence[Value]) -> tuple[Path, Path]:
        """The graph and its parameters."""
        variables = [at for at, node in enumerate(self._nodes) if node["op"] == "null"]
        symbol = {
            "nodes": self._nodes,
            "arg_nodes": variables,
            "heads": [[head.node, head.output, 0] for head in heads],
            "attrs": {"mxnet_version": ["int", 10901]},
        }
        files = folder / "net-symbol.json", folder / "net-0000.params"
        files[0].write_text(json.dumps(symbol, indent=1))
        write_params(files[1], self._stored)
        if self.is_numpy:  # MXNet asks for the other mark, which says that a shape may be ()
            data = files[1].read_bytes()
            assert data.count(LEGACY) == len(self._stored)
            files[1].write_bytes(data.replace(LEGACY, NUMPY))
        return files

    def unused(self) -> list[Value]:
        """Outputs that nothing takes: the heads, so that nothing was drawn in vain."""
        taken = {(i[0], i[1]) for node in self._nodes for i in node["inputs"]}
        nodes = {i[0] for node in self._nodes for i in node["inputs"]}
        return [
            value
            for value in self.values
            if (value.node, value.output) not in taken
            and self._nodes[value.node]["op"] != "null"
            and (value.output == 0 or value.node not in nodes)
        ]

    def operators(self) -> Mapping[str, int]:
        return Counter(node["op"] for node in self._nodes if node["op"] != "null")

    def _variable(self, name: str, shape: Shape) -> Value:
        value = Value(self._add({"op": "null", "name": name, "inputs": []}), 0, shape)
        if name in self.inputs:
            self.values.append(value)
        return value

    def _add(self, node: dict[str, Any]) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1


Kind = Callable[[Sketch], Value]
"""Draws a node, and perhaps some before it; the value to go on from. Raises Unfit."""
