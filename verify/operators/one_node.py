"""A case as a network of one node, run by PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.lowering import lower
from architectures.graph.operator import Call, Dims
from architectures.graph.operators import OPERATORS
from architectures.graph.plan import Plan
from architectures.graph.stored import StoredTensor
from convert.formats import Array
from mappings.errors import GraphError
from verify.operators.operator_case import OperatorCase


@dataclass(frozen=True)
class OneNode:
    """The plan of a case and the inputs that the network takes; the others are its tensors."""

    case: OperatorCase
    plan: Plan

    @property
    def output_shapes(self) -> tuple[Dims | None, ...]:
        """The shapes of all outputs, by the operator's rule."""
        return self.plan.shapes[len(self.case.inputs)]

    @property
    def integral(self) -> tuple[bool, ...]:
        """Which outputs hold integers or truth values, by the operator's rule."""
        sizes = {f"in{at}": drawn.shape for at, drawn in enumerate(self.case.inputs)}
        return tuple(lower(self.plan.graph, {}, sizes).integral[len(sizes)])

    def run(
        self, numbers: Sequence[Array], precision: str, exact: bool, device: str = "cpu"
    ) -> tuple[Array, ...]:
        """The outputs in one precision for the numbers of every input, computed on ``device``.

        ``exact`` models MXNet's arithmetic on float64 data.
        """
        network = GraphNetwork(self.plan).eval()
        values = {
            f"in{index}": torch.from_numpy(array.astype(drawn.dtype or precision)).to(device)
            for index, (drawn, array) in enumerate(zip(self.case.inputs, numbers, strict=True))
        }
        if self.plan.modules or self.plan.tensors:
            network.to(getattr(torch, precision))
        self._fill(network.to(device), values)
        inputs = [values[taken.name] for taken in self.plan.inputs]
        with torch.no_grad():
            outputs = network.run(inputs, exact=exact)
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        return tuple(output.cpu().numpy() for output in listed)

    def _fill(self, network: GraphNetwork, values: Mapping[str, Tensor]) -> None:
        paths = {tensor.path: tensor.name for tensor in self.plan.tensors}
        for module in self.plan.modules:
            for leaf, name in module.tensors.items():
                if leaf not in module.ones:
                    paths[f"{module.path}.{leaf}"] = name
        if paths:
            state = {path: values[name] for path, name in paths.items()}
            network.load_state_dict(state, strict=False)


Known = Literal["sizes", "ranks", "nothing"]


def one_node(
    case: OperatorCase, outputs: int, stored: bool = False, known: Known = "sizes"
) -> OneNode | None:
    """The case as a network with this many outputs.

    ``stored``: what the operator counts as its parameters and states is stored in the file; None if
    it has none. ``known``: what is known of the other inputs beforehand, as the files of some
    graphs tell no sizes, or nothing. Raises GraphError for a case that is not supported.
    """
    graph = graph_of(case, outputs)
    shapes = {f"in{index}": drawn.shape for index, drawn in enumerate(case.inputs)}
    held: dict[str, StoredTensor] = {}
    if stored:
        dtypes = [drawn.dtype or "float32" for drawn in case.inputs]
        places = _parameters(graph, shapes)
        held = {f"in{at}": StoredTensor(shapes[f"in{at}"], dtypes[at]) for at in places}
        if not held:
            return None
    given: dict[str, Dims] = {}
    if known != "nothing":
        given = {n: s if known == "sizes" else (None,) * len(s) for n, s in shapes.items()}
    return OneNode(case, assemble(graph, held, given, complete=False))


def graph_of(case: OperatorCase, outputs: int) -> Graph:
    """The graph: a variable ``in0``, ``in1``, ... for each input, and the node."""
    count = len(case.inputs)
    entries = tuple(NodeEntry(index) for index in range(count))
    variables = tuple(
        Node(None, f"in{index}", attributes=_annotation(drawn.dtype))
        for index, drawn in enumerate(case.inputs)
    )
    node = Node(case.operator, "node", entries, case.attributes)
    heads = tuple(NodeEntry(count, output) for output in range(outputs))
    return Graph((*variables, node), heads, 10901)


FLAGS = {"float32": "0", "float64": "1", "float16": "2"}
FLAGS |= {"uint8": "3", "int32": "4", "int8": "5", "int64": "6", "bool": "7"}


def _annotation(dtype: str | None) -> dict[str, str]:
    """The ``__dtype__`` of a variable whose dtype is fixed (mshadow/base.h, TypeFlag)."""
    return {} if dtype is None else {"__dtype__": FLAGS[dtype]}


def _parameters(graph: Graph, shapes: Mapping[str, Dims]) -> list[int]:
    """Which inputs of the node a file would hold: weights and auxiliary states."""
    node = graph.nodes[-1]
    if node.op is None or node.op not in OPERATORS:
        raise GraphError(f"the operator {node.op} is not supported")
    operator = OPERATORS[node.op]
    count = len(node.inputs)
    call = Call(node, operator.parse(node), tuple(shapes[f"in{at}"] for at in range(count)))
    places = {at for at in operator.weights(call) if at < count}
    return sorted(places | set(range(count - operator.auxiliary, count)))
