"""Every node of a graph as an expression, with the shapes as far as they are known."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from architectures.graph.expression import Expression
from architectures.graph.graph import Graph, Node
from architectures.graph.known_shapes import input_shape
from architectures.graph.operator import Call, Dims, Operator, is_integral
from architectures.graph.operators import OPERATORS
from mappings.errors import GraphError
from mappings.words import counted, first_few

MOST_OUTPUTS = 2**16  # of a node; an attribute can promise more than memory holds


@dataclass(frozen=True)
class Lowered:
    """What the nodes of a graph become, each by its index.

    ``shapes``: of its outputs; ``integral``: which of them hold integers or truth values.
    ``calls``: the node as its operator saw it. ``expressions``: of its outputs; ``spread`` holds
    the nodes whose one expression gives all of them. ``problems``: why a node cannot be converted,
    which matters only if the network needs it.
    """

    graph: Graph
    shapes: Mapping[int, tuple[Dims | None, ...]]
    integral: Mapping[int, tuple[bool, ...]]
    calls: Mapping[int, tuple[Operator, Call]]
    expressions: Mapping[int, tuple[Expression, ...]]
    spread: frozenset[int]
    problems: Mapping[int, str]

    def refuse(self, needed: set[int]) -> None:
        """Raise GraphError with every problem of the nodes that are needed."""
        wrong = {index: self.problems[index] for index in sorted(needed & self.problems.keys())}
        if not wrong:
            return
        counts = Counter(
            self.graph.nodes[index].op
            for index in wrong
            if self.graph.nodes[index].op not in OPERATORS
        )
        said = []
        for op, count in counts.items():
            names = [n.name for i, n in enumerate(self.graph.nodes) if i in wrong and n.op == op]
            said.append(f"the operator {op} ({count} x, first in node {names[0]!r}) {why(op)}")
        known = (w for i, w in wrong.items() if self.graph.nodes[i].op in OPERATORS)
        said += dict.fromkeys(known)
        raise GraphError("; ".join([*said, *self._asked(wrong)]))

    def _asked(self, problems: Mapping[int, str]) -> Iterator[str]:
        """What to give where ranks are unknown: the shapes of the inputs that have none."""
        nodes = self.graph.nodes
        front = [index for index, text in problems.items() if "rank" in text and "unknown" in text]
        before = set(front)
        while front:
            new = {entry.node for entry in nodes[front.pop()].inputs} - before
            before |= new
            front.extend(new)
        names = [
            nodes[index].name
            for index in sorted(before)
            if nodes[index].op is None and self.shapes[index] == (None,)
        ]
        if names:
            shapes = " ".join(f"--input {shlex.quote(name)}=SHAPE" for name in names[:3])
            yield f"give the shape of {first_few(names)} with {shapes}, SHAPE as in 1x3x224x224"


def why(op: str | None) -> str:
    """Why an operator is not supported."""
    name = op or ""
    if name in ("Custom", "_Native", "_NDArray"):
        return "is Python code outside of the graph, which no file holds"
    if "quantize" in name or name.startswith("_sg_") or "int8" in name:
        return "computes in int8: convert the float model that it was made from"
    if name in ("_foreach", "_while_loop", "_cond"):
        return "holds graphs of its own (control flow), which are not read: export it unrolled"
    return "is not supported"


def lower(
    graph: Graph,
    stored: Mapping[str, tuple[int, ...]],
    given: Mapping[str, Dims],
    dtypes: Mapping[str, str] | None = None,
) -> Lowered:
    """Lower every node.

    ``stored``: the shapes of the tensors that the file holds, by variable name, and ``dtypes``
    their dtypes. ``given``: shapes of inputs that the user or the provenance gave.
    """
    integral: dict[int, tuple[bool, ...]] = {}
    shapes: dict[int, tuple[Dims | None, ...]] = {}
    calls: dict[int, tuple[Operator, Call]] = {}
    expressions: dict[int, tuple[Expression, ...]] = {}
    spread: set[int] = set()
    problems: dict[int, str] = {}
    for index, node in enumerate(graph.nodes):
        if node.op is None:
            known = stored.get(node.name)
            shapes[index] = (
                known if known is not None else input_shape(graph, index, stored, given),
            )
            integral[index] = (_holds_integers(node, dtypes or {}),)
            continue
        operator = OPERATORS.get(node.op)
        if operator is None:
            problems[index], shapes[index] = f"the operator {node.op} {why(node.op)}", ()
            continue
        try:
            call = _call(graph, node, operator, shapes, stored, integral)
            calls[index] = operator, call
            count = operator.output_count(call.attributes)
            if not 0 <= count <= MOST_OUTPUTS:
                raise call.refuse(f"it has {count} outputs; expected at most {MOST_OUTPUTS}")
            shapes[index] = operator.infer(call)
            whole = operator.integral(call)
            integral[index] = whole if isinstance(whole, tuple) else (whole,) * count
            becomes = operator.becomes(call)
            expressions[index] = becomes if isinstance(becomes, tuple) else (becomes,)
            if not isinstance(becomes, tuple) and count > 1:
                spread.add(index)
        except GraphError as error:
            problems[index] = str(error)
            shapes.setdefault(index, ())
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # An operator reckons with sound nodes; a damaged file has a stride of 0, or no weight.
            problems[index] = (
                f"node {node.name!r} ({node.op}): its {counted(len(node.inputs), 'input')} and "
                f"attributes do not fit together ({type(error).__name__})"
            )
            shapes.setdefault(index, ())
    return Lowered(graph, shapes, integral, calls, expressions, frozenset(spread), problems)


def _call(
    graph: Graph,
    node: Node,
    operator: Operator,
    shapes: dict[int, tuple[Dims | None, ...]],
    stored: Mapping[str, tuple[int, ...]],
    integral: Mapping[int, tuple[bool, ...]],
) -> Call:
    """The node as its operator sees it; unknown shapes of its parameters are filled in."""
    attributes = operator.parse(node)
    seen = []
    for entry in node.inputs:
        outputs = shapes[entry.node]
        seen.append(outputs[entry.output] if entry.output < len(outputs) else None)
    parameters = frozenset(
        place
        for place, entry in enumerate(node.inputs)
        if graph.nodes[entry.node].op is None and graph.nodes[entry.node].name in stored
    )
    integers = frozenset(
        place
        for place, entry in enumerate(node.inputs)
        if any(integral.get(entry.node, ())[entry.output : entry.output + 1])
    )
    call = Call(node, attributes, tuple(seen), parameters, integers)
    for place, shape in operator.weights(call).items():
        if place < len(seen) and seen[place] is None:
            seen[place] = shape
            entry = node.inputs[place]
            if graph.nodes[entry.node].op is None:
                shapes[entry.node] = (shape,)
    return Call(node, attributes, tuple(seen), parameters, integers)


def _holds_integers(variable: Node, dtypes: Mapping[str, str]) -> bool:
    """By the file's tensor, or by the ``__dtype__`` of the variable (mshadow/base.h, TypeFlag:
    3 to 6 are integers, 7 is bool)."""
    dtype = dtypes.get(variable.name)
    if dtype is not None:
        return is_integral(dtype)
    return variable.attributes.get("__dtype__", "").strip() in ("3", "4", "5", "6", "7")
