"""One MXNet operator: how its attributes are read, what it becomes, and the shapes it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.attributes import REQUIRED, Attribute
from architectures.graph.expression import Expression, Value
from architectures.graph.graph import Node
from mappings.errors import GraphError

Dims = tuple[int | None, ...]
"""A shape; an unknown size is None."""


@dataclass(frozen=True)
class Call:
    """One node at hand, as its operator sees it.

    - ``attributes``: every attribute that the operator knows, parsed, defaults filled in.
    - ``shapes``: the shape of each input, None where even its rank is unknown. Shapes of
      parameters are known. What an operator becomes may depend on ranks and on the parameters'
      shapes, never on the size of an image.
    - ``parameters``: the inputs that the file stores.
    - ``integral``: the inputs that are known to hold integers or truth values, for which MXNet
      divides, rounds and compares in other ways than for floating point.
    """

    node: Node
    attributes: Mapping[str, Any]
    shapes: tuple[Dims | None, ...]
    parameters: frozenset[int] = frozenset()
    integral: frozenset[int] = frozenset()

    def __getitem__(self, name: str) -> Any:
        return self.attributes[name]

    def __len__(self) -> int:
        """How many inputs the node has."""
        return len(self.node.inputs)

    def input(self, index: int) -> Value:
        """The expression of one input."""
        entry = self.node.inputs[index]
        return Value(entry.node, entry.output)

    @property
    def inputs(self) -> tuple[Value, ...]:
        """The expressions of all inputs."""
        return tuple(self.input(index) for index in range(len(self)))

    def rank(self, index: int = 0) -> int | None:
        """The number of dimensions of an input, None if unknown."""
        shape = self.shapes[index]
        return None if shape is None else len(shape)

    def refuse(self, what: str) -> GraphError:
        """The error of a node that cannot be converted; ``what`` says why."""
        return GraphError(f"node {self.node.name!r} ({self.node.op}): {what}")


@dataclass(frozen=True)
class Limit:
    """How far float64 results may lie from MXNet's, relative to their scale, and the reason.

    ``where``: the attributes, as text, of the nodes that it is for; empty if it is for all.
    """

    value: float
    reason: str
    where: Mapping[str, str] = field(default_factory=dict)


PARAMETERS = ("weight", "bias", "gamma", "beta", "parameters")
"""What MXNet calls the inputs of operators that are parameters."""


def of_dtype_or_first(call: Call) -> bool:
    """Whether the attribute ``dtype`` is one of integers or truth values; without it, whether the
    first input holds such."""
    dtype = call.attributes.get("dtype")
    return 0 in call.integral if dtype is None else is_integral(dtype)


def is_integral(dtype: str) -> bool:
    """Whether a dtype, by its name, is one of integers or truth values."""
    return not dtype.startswith(("float", "bfloat"))


Infer = Callable[[Call], tuple[Dims | None, ...]]
"""The shapes of all outputs. An output whose rank is unknown is None."""


@dataclass(frozen=True)
class Operator:
    """One operator of MXNet.

    - ``names``: its name and the other spellings that MXNet takes.
    - ``source``: MXNet's file that defines it.
    - ``becomes``: the expression of its only output, or a tuple of one for each output.
    - ``infer``: the shapes of its outputs.
    - ``attributes``: those that matter; ``ignored``: those that change no result (``workspace``).
    - ``inputs``: its input names in order, as MXNet names a missing variable
      (``("data", "weight", "bias")``); empty where the count varies.
    - ``auxiliary``: how many of the last inputs are auxiliary states (running statistics).
    - ``outputs``: how many outputs, a number or a function of the parsed attributes;
      ``visible``: those that a graph shows when it takes "the node" (BatchNorm: 1 of 3).
    - ``weights``: the shapes of its parameters by input index, from the data's shape.
    - ``integral``: whether its outputs hold integers or truth values, one answer for all of them or
      one for each; the kind of the attribute ``dtype``, or else of the first input, unless an
      operator says otherwise.
    - ``limit``: where MXNet's float64 arithmetic cannot be modelled.
    """

    names: tuple[str, ...]
    source: str
    becomes: Callable[[Call], Expression | tuple[Expression, ...]]
    infer: Infer
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    auxiliary: int = 0
    outputs: int | Callable[[Mapping[str, Any]], int] = 1
    weights: Callable[[Call], Mapping[int, Dims]] = lambda call: {}
    integral: Callable[[Call], bool | tuple[bool, ...]] = of_dtype_or_first
    limit: Limit | None = None

    def parse(self, node: Node) -> dict[str, Any]:
        """The node's attributes, parsed. Raises GraphError for one that is unknown or wrong."""
        found = {name: attribute.default for name, attribute in self.attributes.items()}
        for name, text in node.attributes.items():
            if name in self.ignored:
                continue
            if name not in self.attributes:
                raise GraphError(
                    f"node {node.name!r} ({node.op}): the attribute {name!r} = {text!r} is not "
                    f"supported"
                )
            attribute = self.attributes[name]
            try:
                found[name] = attribute.parse(text.strip())
            except (ValueError, KeyError):
                raise GraphError(
                    f"node {node.name!r} ({node.op}): the attribute {name} is {text[:60]!r}; "
                    f"expected {attribute.expects}"
                ) from None
        if missing := [name for name, value in found.items() if value is REQUIRED]:
            raise GraphError(
                f"node {node.name!r} ({node.op}): the attribute {missing[0]!r} is missing"
            )
        return found

    def limit_of(self, attributes: Mapping[str, str]) -> Limit | None:
        """The limit of a node with these attributes, as text; None if it has none of its own."""
        if self.limit is None or not self.limit.where.items() <= attributes.items():
            return None
        return self.limit

    def parameters(self, call: Call) -> frozenset[int]:
        """The inputs that are parameters in every sensible graph, by what MXNet calls them."""
        named = (place for place, name in enumerate(self.inputs) if name in PARAMETERS)
        return frozenset([*self.weights(call), *named])

    def output_count(self, attributes: Mapping[str, Any]) -> int:
        """How many outputs a node with these parsed attributes has."""
        return self.outputs(attributes) if callable(self.outputs) else self.outputs
