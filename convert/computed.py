"""What a graph computes, layer by layer, in a form in which two graphs can be compared.

The learned layers are called by their names in the network (``layer1.0.conv1``). Each says its
operator, its attributes and what it takes: other layers, the input, sums of them, and functions
without parameters (``relu(layer1.0.bn1)``). Spellings that compute the same become one: defaults
that are written out, ``_Plus`` and ``elemwise_add``, a global pooling's kernel, a Flatten before a
dense layer, copies, dropout, gradients' ends and a softmax at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.operators import OPERATORS
from mappings.errors import GraphError

INPUT = "the input"
OUTPUT = "output"
PASSING = {"_copy", "BlockGrad", "make_loss", "MakeLoss", "Dropout", "amp_cast"}
ENDS = {"SoftmaxOutput", "softmax", "SoftmaxActivation"}
"""What turns logits into probabilities at the end of a graph; every network here gives logits."""
SUMS = {"elemwise_add", "broadcast_add", "_grad_add", "_npi_add", "add_n"}
WINDOWS = {"stride": 1, "dilate": 1, "pad": 0}
UNSEEN = {
    "Convolution": {"num_filter", "no_bias"},
    "FullyConnected": {"num_hidden", "no_bias"},
    "BatchNorm": {"momentum", "use_global_stats", "output_mean_var", "fix_gamma"},
}
"""Attributes that the parameters' shapes say, or that change nothing at inference."""


@dataclass(frozen=True)
class Part:
    """What one learned layer, one sum, or the output computes, and the node that does it.

    ``fixed``: it is a BatchNorm that counts its gamma as 1. ``takes`` are expressions of others.
    """

    operator: str
    attributes: Mapping[str, str]
    takes: tuple[str, ...]
    fixed: bool = False
    node: str = field(default="", compare=False)

    def as_json(self) -> list[Any]:
        """The part as JSON values, without its node."""
        return [self.operator, dict(self.attributes), list(self.takes), self.fixed]

    @classmethod
    def from_json(cls, values: Any) -> Part:
        """The part of ``as_json``."""
        operator, attributes, takes, fixed = values
        return cls(operator, attributes, tuple(takes), fixed)


Computation = Mapping[str, Part]
"""Every part by its name, in execution order."""


def computation(
    graph: Graph, layers: Mapping[str, str], constants: Collection[str] = ()
) -> Computation:
    """What a graph computes.

    ``layers`` are the network's names of the layers that the graph's variables belong to.
    ``constants`` are variables that normalise the input: their nodes are passed over.

    Raises GraphError for an operator that is not known or an attribute that cannot be read.
    """
    return _GraphReading(graph, layers, constants).read()


def softmax_of(graph: Graph, head: NodeEntry) -> NodeEntry | None:
    """What a softmax at the end of a graph takes; None if the graph ends otherwise."""
    node = graph.nodes[head.node]
    operator = OPERATORS.get(node.op or "")
    return node.inputs[0] if operator and operator.names[0] in ENDS else None


class _GraphReading:
    def __init__(self, graph: Graph, layers: Mapping[str, str], constants: Collection[str]) -> None:
        self.graph, self.layers, self.constants = graph, layers, set(constants)
        self.parts: dict[str, Part] = {}
        self.values: dict[int, str] = {}

    def read(self) -> Computation:
        heads = [self.logits(head) for head in self.graph.heads]
        needed = self.needed(heads)
        for index, node in enumerate(self.graph.nodes):
            if index in needed:
                self.values[index] = self.variable(node) if node.op is None else self.value(node)
        takes = tuple(self.taken(head) for head in heads)
        return {**self.parts, OUTPUT: Part(OUTPUT, {}, takes, node=self.name(heads[0]))}

    def name(self, entry: NodeEntry) -> str:
        return self.graph.nodes[entry.node].name

    def logits(self, head: NodeEntry) -> NodeEntry:
        without = softmax_of(self.graph, head)
        return head if without is None else without

    def needed(self, heads: list[NodeEntry]) -> set[int]:
        found: set[int] = set()
        front = [head.node for head in heads]
        while front:
            index = front.pop()
            if index not in found:
                found.add(index)
                front += [entry.node for entry in self.graph.nodes[index].inputs]
        return found

    def variable(self, node: Node) -> str:
        if node.name in self.layers or node.name in self.constants:
            return ""
        return INPUT

    def taken(self, entry: NodeEntry) -> str:
        value = self.values[entry.node]
        return f"{value}[{entry.output}]" if entry.output else value

    def value(self, node: Node) -> str:
        """The expression of a node's first output; learned layers and sums become parts."""
        operator = OPERATORS.get(node.op or "")
        if operator is None:
            raise GraphError(f"node {node.name!r}: the operator {node.op!r} is not supported")
        name = operator.names[0]
        parsed = operator.parse(node)
        owners = [
            self.layers[variable.name]
            for entry in node.inputs
            if (variable := self.graph.nodes[entry.node]).op is None
            and variable.name in self.layers
        ]
        takes = [taken for entry in node.inputs if (taken := self.taken(entry))]
        if name == "Cast" and str(parsed["dtype"]).startswith(("float", "bfloat")):
            return takes[0]
        if name in PASSING:
            return takes[0]
        if self.constants and set(takes) <= {INPUT} and not owners:
            return INPUT  # normalises the input by the constants, or turns its axes
        attributes = _attributes(name, parsed)
        if owners:
            if name == "FullyConnected" and attributes.get("flatten") == "True":
                takes = [_unflattened(taken) for taken in takes]
            fixed = name == "BatchNorm" and bool(parsed["fix_gamma"])
            part = Part(name, attributes, tuple(takes), fixed, node.name)
            if self.parts.setdefault(owners[0], part) != part or len(set(owners)) > 1:
                raise GraphError(f"node {node.name!r} shares its parameters with another")
            return owners[0]
        name = _function(name, attributes)
        if len(takes) == 1:
            words = ", ".join(f"{key}={value}" for key, value in attributes.items())
            return f"{name}({takes[0]}{', ' if words else ''}{words})"
        if name == "+":
            takes = sorted(takes)
        part = Part(name, attributes, tuple(takes), node=node.name)
        key = "@" + hashlib.sha256(repr(part.as_json()).encode()).hexdigest()[:12]
        self.parts.setdefault(key, part)
        return key


def _attributes(name: str, parsed: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that matter, as text, with those at their defaults written out."""
    found = {key: value for key, value in parsed.items() if key not in UNSEEN.get(name, ())}
    if name == "Pooling" and found["global_pool"]:
        return {"pool_type": str(found["pool_type"])}
    if name == "_contrib_AdaptiveAvgPooling2D" and set(found["output_size"]) <= {1}:
        return {"pool_type": "avg"}
    rank = len(found["kernel"]) if found.get("kernel") else 0
    for key, usual in WINDOWS.items():
        if key in found and rank:
            found[key] = tuple(found[key]) or (usual,) * rank
    if name == "Pooling":
        if found["pool_type"] != "avg" or not any(found["pad"]):
            del found["count_include_pad"]
        elif found["count_include_pad"] is None:
            found["count_include_pad"] = True
        if found["pool_type"] != "lp":
            del found["p_value"]
    if found.get("layout") in ("NCW", "NCHW", "NCDHW"):
        del found["layout"]
    shown = {key: value for key, value in found.items() if value is not None}
    return {
        key: f"{value:.6g}" if isinstance(value, float) else str(value)
        for key, value in sorted(shown.items())
    }


def _function(name: str, attributes: dict[str, str]) -> str:
    """What a function without parameters is called; attributes that the name says are removed."""
    if name == "Activation":
        return attributes.pop("act_type")
    if name in ("Pooling", "Pooling_v1", "_contrib_AdaptiveAvgPooling2D"):
        if attributes.keys() == {"pool_type"}:
            return f"global {attributes.pop('pool_type')}"
        attributes.pop("global_pool", None)
        return f"{attributes.pop('pool_type')}-pool"
    return "+" if name in SUMS else name


def _unflattened(taken: str) -> str:
    while taken.startswith("Flatten("):
        taken = taken.removeprefix("Flatten(").removesuffix(")")
    return taken
