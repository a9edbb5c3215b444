"""Describes a graph: inputs, outputs, operators, and which parameters lie beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from architectures.graph.graph import Graph
from architectures.graph.interface import auxiliary_states, output_names
from architectures.graph.lowering import Lowered, lower, why
from architectures.graph.operator import Dims
from architectures.graph.operators import OPERATORS
from architectures.graph.references import values
from convert.fit import all_fits
from convert.formats import Checkpoint
from convert.graph_agreement import disagreement
from convert.graph_names import GraphNaming, match_names
from convert.graph_source import (
    FoundSymbol,
    find_parameters,
    find_symbol,
    refuse_unknown_inputs,
)
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import ConversionError, ReconcileError
from mappings.notebook_card import notebook_card
from mappings.words import first_few

ENDINGS = ("_weight", "_bias", "_gamma", "_beta", "_mean", "_var")
"""How names of parameters end, where an operator that is not supported takes them."""
GLUON = "__lr_mult__"
"""An annotation that Gluon gives to every parameter and constant, and to no input."""


@dataclass(frozen=True)
class Unsupported:
    """An operator that is not supported: how many nodes have it, the first one's name, and why."""

    operator: str
    count: int
    first: str
    why: str


@dataclass(frozen=True)
class GraphInspection:
    """A graph and what lies beside it.

    - ``checkpoint``: its parameters; None without, and ``notes`` say why.
    - ``naming``: which tensor of them is which variable of the graph.
    - ``models``: those of the catalogue whose tables fit the parameters by every name and shape,
      and whose networks compute what the graph computes.
    """

    symbol: FoundSymbol
    checkpoint: Checkpoint | None
    naming: GraphNaming | None
    lowered: Lowered
    notes: tuple[str, ...]
    models: tuple[str, ...] = ()

    @property
    def graph(self) -> Graph:
        return self.symbol.graph

    @property
    def version(self) -> str | None:
        """The MXNet that wrote the graph; files before 0.9 don't say it."""
        number = self.graph.version
        if number is None:
            return None
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"

    @property
    def held(self) -> Mapping[str, str]:
        """The file's name of each variable that the parameters hold, by variable."""
        return {} if self.naming is None else self.naming.variables

    @cached_property
    def needed(self) -> frozenset[int]:
        """The nodes on which the outputs depend at inference. What an operator that is not
        supported takes counts too."""
        found: set[int] = set()
        front = [head.node for head in self.graph.heads]
        while front:
            index = front.pop()
            if index in found:
                continue
            found.add(index)
            if index in self.lowered.expressions:
                front += [value.node for value in values(self.lowered.expressions[index])]
            else:
                front += [entry.node for entry in self.graph.nodes[index].inputs]
        return frozenset(found)

    @cached_property
    def parameters(self) -> frozenset[int]:
        """The variables that are parameters: held by the file, used as one, or known to Gluon as
        one."""
        found = set(auxiliary_states(self.graph))
        for index, node in enumerate(self.graph.nodes):
            places = self._places(index)
            for place, entry in enumerate(node.inputs):
                variable = self.graph.nodes[entry.node]
                if variable.op is None and (
                    place in places if places is not None else variable.name.endswith(ENDINGS)
                ):
                    found.add(entry.node)
        for index, node in self.graph.variables:
            if node.name in self.held or GLUON in node.attributes:
                found.add(index)
        return frozenset(found)

    def _places(self, index: int) -> frozenset[int] | None:
        """The inputs of a node that are parameters; None where it isn't known."""
        if index not in self.lowered.calls:
            return None
        operator, call = self.lowered.calls[index]
        return operator.parameters(call)

    @cached_property
    def inputs(self) -> dict[str, Dims | None]:
        """What the network takes, with the shape as far as it is known."""
        return self._inputs(taken=True)

    @cached_property
    def labels(self) -> dict[str, Dims | None]:
        """What only training takes."""
        return self._inputs(taken=False)

    def _inputs(self, taken: bool) -> dict[str, Dims | None]:
        return {
            node.name: self.lowered.shapes[index][0]
            for index, node in self.graph.variables
            if index not in self.parameters and (index in self.needed) == taken
        }

    @property
    def outputs(self) -> list[tuple[str, Dims | None]]:
        """What the network gives, under MXNet's names, with the shape as far as it is known."""
        found = []
        for name, head in zip(output_names(self.graph), self.graph.heads, strict=True):
            shapes = self.lowered.shapes[head.node]
            found.append((name, shapes[head.output] if head.output < len(shapes) else None))
        return found

    @property
    def missing(self) -> list[str]:
        """The parameters that the network needs and the file lacks."""
        names = {self.graph.nodes[index].name: None for index in sorted(self.parameters)}
        needed = {self.graph.nodes[index].name for index in self.needed}
        return [name for name in names if name in needed and name not in self.held]

    @property
    def unused(self) -> list[str]:
        """The tensors of the file that the network does not need."""
        if self.checkpoint is None:
            return []
        needed = {self.graph.nodes[index].name for index in self.needed}
        used = {name for variable, name in self.held.items() if variable in needed}
        return [tensor.name for tensor in self.checkpoint.tensors if tensor.name not in used]

    @cached_property
    def unsupported(self) -> tuple[Unsupported, ...]:
        """The operators that the network needs and that are not supported."""
        nodes = [self.graph.nodes[index] for index in sorted(self.needed)]
        unknown = [node for node in nodes if node.op is not None and node.op not in OPERATORS]
        counts = Counter(node.op for node in unknown)
        first = {node.op: node.name for node in reversed(unknown)}
        return tuple(
            Unsupported(str(op), count, first[op], why(op)) for op, count in counts.most_common()
        )

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with nodes whose operators are supported, each once."""
        found = (
            text
            for index, text in self.lowered.problems.items()
            if index in self.needed and self.graph.nodes[index].op in OPERATORS
        )
        return tuple(dict.fromkeys(found))

    def _repr_html_(self) -> str:
        """What the graph is, for a notebook."""
        wrong = [f"{each.operator}: {each.why}" for each in self.unsupported]
        wrong += self.problems
        return notebook_card(
            "NOT SUPPORTED" if wrong else "SUPPORTED",
            "fail" if wrong else "pass",
            self.symbol.path.name,
            [
                *(("problem", problem) for problem in wrong[:5]),
                ("written by", f"MXNet {self.version or 'before 0.9'}"),
                ("nodes", f"{len(self.graph.nodes):,}"),
                ("inputs", ", ".join(self.inputs)),
                ("outputs", ", ".join(name for name, _ in self.outputs)),
                ("parameters", self.checkpoint.path if self.checkpoint else "no file"),
                ("missing", first_few(self.missing)),
                ("model", ", ".join(self.models)),
                *(("note", note) for note in self.notes),
            ],
        )

    def as_json(self) -> dict[str, Any]:
        """The findings as JSON values."""
        checkpoint = self.checkpoint
        return {
            "file": str(self.symbol.path),
            "format": "mxnet-symbol",
            "sha256": self.symbol.sha256,
            "mxnet_version": self.version,
            "nodes": len(self.graph.nodes),
            "inputs": [_described(*item) for item in self.inputs.items()],
            "labels": [_described(*item) for item in self.labels.items()],
            "outputs": [_described(*item) for item in self.outputs],
            "operators": dict(self.graph.operators.most_common()),
            "parameters": {
                "file": checkpoint and str(checkpoint.path),
                "format": checkpoint and checkpoint.format,
                "naming": self.naming and self.naming.scheme,
                "present": len(self.held),
                "missing": self.missing,
                "unused": self.unused,
            },
            "models": list(self.models),
            "unsupported": [vars(each) for each in self.unsupported],
            "problems": list(self.problems),
            "notes": list(self.notes),
        }


def inspect_graph(
    source: str,
    params: str | None = None,
    given: Mapping[str, Dims] | None = None,
    choice: Choice = NO_CHOICE,
) -> GraphInspection:
    """Describe the graph at ``source`` and the parameters at ``params``, or those beside it.

    ``given`` are shapes of inputs by name. Raises ConversionError where there is no graph or more
    than one, FormatError for a file that is not what it must be.
    """
    symbol = find_symbol(source)
    refuse_unknown_inputs(symbol.path, symbol.graph, given or {})
    checkpoint, notes = None, list[str]()
    try:
        checkpoint, found = find_parameters(symbol, params, choice)
        notes += [*checkpoint.notes, *found]
    except ConversionError as error:
        if params is not None:
            raise
        notes.append(str(error))
    naming, shapes, dtypes = None, {}, {}
    if checkpoint is not None:
        tensors = {tensor.name: tensor for tensor in checkpoint.tensors}
        try:
            naming = match_names(symbol.graph, {name: t.shape for name, t in tensors.items()})
            notes += naming.notes
            for variable, name in naming.variables.items():
                shapes[variable] = tensors[name].shape
                dtypes[variable] = tensors[name].dtype or "float32"
        except ReconcileError as error:
            notes.append(str(error))
    lowered = lower(symbol.graph, shapes, given or {}, dtypes)
    models: tuple[str, ...] = ()
    if checkpoint is not None:
        models = tuple(
            fit.model.name
            for fit in all_fits(checkpoint)
            if disagreement(symbol.graph, checkpoint, fit) is None
        )
    return GraphInspection(symbol, checkpoint, naming, lowered, tuple(notes), models)


def _described(name: str, shape: Dims | None) -> dict[str, Any]:
    return {"name": name, "shape": None if shape is None else list(shape)}
