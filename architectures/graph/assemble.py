"""From a graph and the shapes of its file's tensors to a plan of the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.expression import Apply, DataDevice, FieldOf, Item, NnLayer, Value
from architectures.graph.graph import Graph
from architectures.graph.hierarchy import hierarchy
from architectures.graph.identifiers import UniqueNames, variable, words
from architectures.graph.lowering import Lowered, lower
from architectures.graph.operator import Dims
from architectures.graph.plan import Input, ModuleAt, OwnModule, OwnTensor, Plan, Step, TensorAt
from architectures.graph.references import replaced, values
from architectures.graph.stored import StoredTensor, refuse_missing, refuse_shapes


def assemble(
    graph: Graph,
    stored: Mapping[str, StoredTensor],
    given: Mapping[str, Dims] | None = None,
    *,
    complete: bool = True,
) -> Plan:
    """Plan the network of a graph.

    ``stored``: the file's tensors by variable name; a variable that is not among them, and that the
    outputs depend on, is an input of the network. ``given``: shapes of inputs by name. Parameters
    that the file lacks are refused, or if not ``complete``, inputs too.

    Raises GraphError with every node that cannot be converted, and with every tensor whose shape
    is not what its node needs.
    """
    shapes = {name: tensor.shape for name, tensor in stored.items()}
    dtypes = {name: tensor.dtype for name, tensor in stored.items()}
    lowered = lower(graph, shapes, given or {}, dtypes)
    needed = _needed(lowered)
    lowered.refuse(needed)
    if complete:
        refuse_missing(lowered, needed, stored)
    refuse_shapes(lowered, needed, stored)
    return _Assembly(lowered, stored, needed).plan()


def _needed(lowered: Lowered) -> set[int]:
    """The nodes that the heads depend on; labels that inference drops are not among them."""
    needed: set[int] = set()
    front = [head.node for head in lowered.graph.heads]
    while front:
        index = front.pop()
        if index not in needed:
            needed.add(index)
            for expression in lowered.expressions.get(index, ()):
                front.extend(value.node for value in values(expression))
    return needed


@dataclass
class _Assembly:
    lowered: Lowered
    stored: Mapping[str, StoredTensor]
    needed: set[int]
    modules: dict[tuple[Any, ...], OwnModule] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)  # the file's name -> path of the tensor
    layers: dict[tuple[Any, ...], NnLayer] = field(default_factory=dict)

    def plan(self) -> Plan:
        graph, lowered = self.lowered.graph, self.lowered
        order = sorted(self.needed)
        calls = self._calls(order)
        arranged = hierarchy(
            graph, self._takes(order), {c[0]: c for c in calls.values()}, self._users(order, calls)
        )
        for key, (index, *_) in calls.items():
            self._own(key, index, arranged.paths[index])
        tensors = tuple(self._tensors(order, arranged.paths))
        steps = tuple(
            Step(
                index,
                tuple(self._resolved(index, e) for e in lowered.expressions[index]),
                index in lowered.spread,
            )
            for index in order
            if graph.nodes[index].op is not None
        )
        names = UniqueNames()
        inputs = tuple(
            Input(
                index,
                names(variable(words(graph.nodes[index].name), "data")),
                lowered.shapes[index][0],
            )
            for index in order
            if graph.nodes[index].op is None and graph.nodes[index].name not in self.stored
        )
        outputs = tuple(self._value(Value(head.node, head.output)) for head in graph.heads)
        return Plan(
            graph,
            inputs,
            tuple(self.modules.values()),
            tensors,
            steps,
            outputs,
            {index: lowered.shapes[index] for index in order},
            arranged.blocks,
        )

    def _takes(self, order: Iterable[int]) -> dict[int, list[int]]:
        """The operator nodes, each with the operator nodes and inputs whose values it takes."""
        nodes = self.lowered.graph.nodes
        return {
            index: [
                value.node
                for value in values(self.lowered.expressions[index])
                if nodes[value.node].op is not None or nodes[value.node].name not in self.stored
            ]
            for index in order
            if nodes[index].op is not None
        }

    def _calls(self, order: Iterable[int]) -> dict[tuple[Any, ...], list[int]]:
        """The layers that become modules, each with the nodes that call it.

        A layer does not become one if its tensors belong to another module, or to no file.
        """
        found: dict[tuple[Any, ...], list[int]] = {}
        owned: set[str] = set()
        owners: set[int] = set()
        for index in order:
            for expression in self.lowered.expressions.get(index, ()):
                for layer in _layers(expression):
                    key = self._key(index, layer)
                    if key is None:
                        continue
                    if key not in found:
                        if index in owners or owned & set(key[-1]):
                            continue
                        found[key] = []
                        owned |= set(key[-1])
                        owners.add(index)
                        self.layers[key] = layer
                    found[key].append(index)
        return found

    def _users(
        self, order: Iterable[int], calls: Mapping[tuple[Any, ...], list[int]]
    ) -> dict[int, list[int]]:
        """The stored variables that no module owns, by their first node, with their users."""
        nodes = self.lowered.graph.nodes
        owned = {name for key in calls for name in key[-1]}
        first: dict[str, int] = {}
        found: dict[int, list[int]] = {}
        for index in order:
            node = nodes[index]
            if node.op is None and node.name in self.stored and node.name not in owned:
                found.setdefault(first.setdefault(node.name, index), [])
        for index in order:
            for value in values(self.lowered.expressions.get(index, ())):
                if nodes[value.node].op is None and nodes[value.node].name in first:
                    found[first[nodes[value.node].name]].append(index)
        return found

    def _name(self, index: int, place: int) -> str | None:
        """The file's name of one input of a node, None if the file does not hold it."""
        node = self.lowered.graph.nodes[self.lowered.graph.nodes[index].inputs[place].node]
        return node.name if node.op is None and node.name in self.stored else None

    def _key(self, index: int, layer: NnLayer) -> tuple[Any, ...] | None:
        names = tuple(self._name(index, place) for place in layer.leaves)
        if None in names or len(set(names)) < len(names):
            return None
        if not names:  # a layer without parameters belongs to its node
            return layer.kind, index, ()
        return layer.kind, layer.args, tuple(layer.kwargs.items()), names

    def _own(self, key: tuple[Any, ...], index: int, path: str) -> None:
        """Make the module of a layer."""
        layer = self.layers[key]
        tensors = {leaf: str(self._name(index, place)) for place, leaf in layer.leaves.items()}
        self.modules[key] = OwnModule(
            path,
            layer.kind,
            layer.args,
            layer.kwargs,
            tensors,
            layer.ones,
            layer.synthesised,
            index,
        )
        self.owned |= {name: f"{path}.{leaf}" for leaf, name in tensors.items()}

    def _tensors(self, order: Iterable[int], paths: Mapping[int, str]) -> Iterator[OwnTensor]:
        """The stored variables that no module owns, each once, under paths of their own."""
        graph = self.lowered.graph
        auxiliary = {
            entry.node
            for operator, call in self.lowered.calls.values()
            if operator.auxiliary
            for entry in call.node.inputs[-operator.auxiliary :]
        }
        for index in order:
            node = graph.nodes[index]
            if node.op is None and node.name in self.stored and node.name not in self.owned:
                tensor = self.stored[node.name]
                floating = tensor.dtype.startswith(("float", "bfloat"))
                constant = (
                    "__init__" in node.attributes and "onstant" in node.attributes["__init__"]
                )
                self.owned[node.name] = paths[index]
                yield OwnTensor(
                    paths[index],
                    node.name,
                    tensor.shape,
                    tensor.dtype,
                    floating and index not in auxiliary and not constant,
                )

    def _resolved(self, index: int, expression: Any) -> Any:
        """The expression over modules and tensors of the network."""
        match expression:
            case NnLayer():
                key = self._key(index, expression)
                if key is not None and key in self.modules:
                    module = self.modules[key]
                    inputs = self._resolved(index, expression.inputs)
                    return ModuleAt(module.path, inputs, expression.exact)
                return self._resolved(index, expression.functional)
            case Apply():
                return Apply(
                    expression.function,
                    self._resolved(index, expression.args),
                    {name: self._resolved(index, v) for name, v in expression.kwargs.items()},
                    expression.exact,
                )
            case Item():
                return Item(self._resolved(index, expression.of), expression.index)
            case FieldOf():
                return FieldOf(self._resolved(index, expression.of), expression.name)
            case DataDevice():
                return self._device()
            case tuple():
                return tuple(self._resolved(index, part) for part in expression)
            case list():
                return [self._resolved(index, part) for part in expression]
        return replaced(expression, self._value)

    def _device(self) -> FieldOf | None:
        """The device of the first input, or else of the first tensor; None without either."""
        for index in sorted(self.needed):
            node = self.lowered.graph.nodes[index]
            if node.op is None and node.name not in self.stored:
                return FieldOf(Value(index), "device")
        return FieldOf(TensorAt(next(iter(self.owned.values()))), "device") if self.owned else None

    def _value(self, value: Value) -> Value | TensorAt:
        node = self.lowered.graph.nodes[value.node]
        if node.op is None and node.name in self.stored:
            return TensorAt(self.owned[node.name])
        return value


def _layers(expression: Any) -> Iterator[NnLayer]:
    match expression:
        case NnLayer():
            for part in expression.inputs:
                yield from _layers(part)
            yield expression
        case Apply():
            for part in (*expression.args, *expression.kwargs.values()):
                yield from _layers(part)
        case Item() | FieldOf():
            yield from _layers(expression.of)
        case tuple() | list():
            for part in expression:
                yield from _layers(part)
