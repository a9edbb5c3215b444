"""Reads MXNet's symbol JSON, ``NAME-symbol.json``, of every version; writes a graph in it.

MXNet writes it in 3rdparty/tvm/nnvm/src/pass/saveload_json.cc. A node's attributes stand under
``attrs``, ``attr`` or ``param``, depending on the version; some files have ``param`` for the
operator and ``attr`` for annotations. An input is ``[node, output]``, with a version as its third
number in newer files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.operators import OPERATORS
from convert.formats.json_text import parse_json
from convert.formats.limits import (
    MAX_ATTRIBUTE,
    MAX_ENTRIES,
    MAX_NAME,
    MAX_NODES,
    MAX_OUTPUTS,
    MAX_SYMBOL,
)
from convert.formats.mapped import MappedFile
from convert.formats.model_archive import open_file
from convert.formats.shaped import shaped
from convert.formats.symbol_upgrade import Draft, upgrade
from mappings.errors import FormatError, GraphError
from mappings.words import one_line

DAMAGED = "the file is damaged or was edited: export the network again"
Entries = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class SymbolNode:
    """A node as the file has it."""

    op: str
    name: str
    inputs: Entries
    attrs: Mapping[str, str] = field(default_factory=dict)
    attr: Mapping[str, str] = field(default_factory=dict)
    param: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SymbolFile:
    """The file's top level; ``node_row_ptr`` is not needed."""

    nodes: tuple[SymbolNode, ...]
    heads: Entries
    arg_nodes: tuple[int, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)


def open_symbol(path: str | PathLike[str]) -> Graph:
    """The graph in a symbol file, or in one that lies in an archive (``ARCHIVE/NAME``).

    Raises FormatError as ``parse_symbol`` does, and for a file that cannot be read.
    """
    return parse_symbol(read_symbol(open_file(path)), path)


def read_symbol(file: MappedFile) -> bytes:
    """The content of a symbol file. Raises FormatError if it is too large to be one."""
    if file.size > MAX_SYMBOL:
        what = f"the symbol has {file.size} bytes; expected at most {MAX_SYMBOL}"
        raise file.error(f"{what}: check that this is the right file")
    return file.read(0, file.size)


def parse_symbol(text: str | bytes, file: str | PathLike[str]) -> Graph:
    """The graph of a symbol's JSON; ``file`` is where it stands, for messages.

    Its nodes are those that the heads need, in the order in which MXNet lists them; older files are
    changed as MXNet changes them on loading. Operators that are not supported are kept.

    Raises FormatError for text that is not a symbol, for nodes that contradict each other, and for
    what is beyond the bounds of ``limits.py``.
    """
    try:
        found = _file(text)
        _check(found)
        graph = _ordered(_drafts(found), found.heads, _version(found))
        _check_operators(graph)
    except ValueError as error:
        raise FormatError(file, one_line(str(error))) from error
    except RecursionError:  # while a value is quoted
        raise FormatError(file, "a value in the symbol is nested too deeply") from None
    return graph


def symbol_json(graph: Graph) -> dict[str, Any]:
    """The graph as a symbol's JSON, which ``parse_symbol`` and MXNet read.

    A graph that ``parse_symbol`` gave comes back equal.
    """
    nodes: list[dict[str, Any]] = [
        {
            "op": node.op or "null",
            "name": node.name,
            "attrs": {**node.attributes, **node.annotations},
            "inputs": [[entry.node, entry.output, 0] for entry in node.inputs],
        }
        for node in graph.nodes
    ]
    version = None if graph.version is None else ["int", graph.version]
    return {
        "nodes": nodes,
        "arg_nodes": [index for index, _ in graph.variables],
        "heads": [[entry.node, entry.output, 0] for entry in graph.heads],
        "attrs": {} if version is None else {"mxnet_version": version},
    }


def _file(text: str | bytes) -> SymbolFile:
    """The fields of a symbol, of the right types. Raises ValueError."""
    if len(text) > MAX_SYMBOL:
        raise ValueError(f"the symbol has {len(text)} bytes; expected at most {MAX_SYMBOL}")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            what = f"byte {error.start}: the text is not UTF-8 ({error.reason})"
            raise ValueError(f"{what}: save the file as UTF-8") from None
    try:
        document = parse_json(text)
    except ValueError as error:
        raise ValueError(f"the file is not valid JSON: {error}") from None
    if not isinstance(document, dict) or not {"nodes", "heads"} <= document.keys():
        what = "the JSON is not an MXNet symbol, which is an object with 'nodes' and 'heads'"
        raise ValueError(f"{what}: name the file that ends in -symbol.json")
    _check_counts(document["nodes"], document["heads"])
    return shaped(SymbolFile, document)


def _check_counts(nodes: Any, heads: Any) -> None:
    """Raise ValueError for more nodes or entries than are worth reading."""
    if isinstance(nodes, list):
        if len(nodes) > MAX_NODES:
            raise ValueError(f"the symbol has {len(nodes)} nodes; expected at most {MAX_NODES}")
        lists = [node.get("inputs") for node in nodes if isinstance(node, dict)]
        entries = sum(len(each) for each in (*lists, heads) if isinstance(each, list))
        if entries > MAX_ENTRIES:
            what = f"its nodes and heads have {entries} inputs"
            raise ValueError(f"{what}; expected at most {MAX_ENTRIES}")


def _check(found: SymbolFile) -> None:
    """Raise ValueError for nodes whose texts or inputs cannot be right."""
    for index, node in enumerate(found.nodes):
        texts = {"operator": node.op, "name": node.name}
        for part in (node.attrs, node.attr, node.param):
            texts |= {f"attribute {name[:60]!r}": name for name in part}
        for what, text in texts.items():
            _check_text(index, what, text, MAX_NAME)
        for part in (node.attrs, node.attr, node.param):
            for name, text in part.items():
                most = MAX_SYMBOL if node.op == "null" else MAX_ATTRIBUTE
                _check_text(index, f"value of the attribute {name!r}", text, most)
        if node.op == "null" and node.inputs:
            raise ValueError(f"{at(index, node)} is a variable and has inputs; {DAMAGED}")
        for entry in node.inputs:
            _check_entry(found, entry, index, f"{at(index, node)} takes")
    if not found.heads:
        raise ValueError(f"the symbol has no heads, which are its outputs; {DAMAGED}")
    for entry in found.heads:
        _check_entry(found, entry, len(found.nodes), "a head is")
    for index in found.arg_nodes:
        if not 0 <= index < len(found.nodes) or found.nodes[index].op != "null":
            raise ValueError(f"'arg_nodes' lists {index}, which is not a variable; {DAMAGED}")


def at(index: int, node: SymbolNode | Node) -> str:
    """``node 12 'conv0' (Convolution)``"""
    return f"node {index} {node.name!r} ({node.op or 'null'})"


def _check_text(index: int, what: str, text: str, most: int) -> None:
    if len(text) > most:
        what = f"node {index}: its {what} has {len(text)} characters"
        raise ValueError(f"{what}; expected at most {most}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"node {index}: its {what} is not Unicode text") from None


def _check_entry(found: SymbolFile, entry: tuple[int, ...], before: int, what: str) -> None:
    """Raise ValueError unless an entry is an output of one of the nodes ``before``."""
    if len(entry) not in (2, 3):
        raise ValueError(f"{what} {list(entry[:9])}; expected a node, an output and a version")
    node, output = entry[:2]
    if not 0 <= node < before:
        count = len(found.nodes)
        expected = "an earlier node" if before < count else f"one of its {count} nodes"
        raise ValueError(f"{what} node {node}; expected {expected}: {DAMAGED}")
    most = 1 if found.nodes[node].op == "null" else MAX_OUTPUTS
    if not 0 <= output < most:
        outputs = "which has one" if most == 1 else f"expected at most {most} outputs"
        raise ValueError(
            f"{what} output {output} of {at(node, found.nodes[node])}, {outputs}: {DAMAGED}"
        )


def _version(found: SymbolFile) -> int | None:
    """The version of MXNet that wrote the file: 10901 is 1.9.1."""
    match found.attrs.get("mxnet_version"):
        case None:
            return None
        case ["int", int(number)] if not isinstance(number, bool) and 0 <= number < 2**31:
            return number
        case other:
            what = f"'mxnet_version' is {str(other)[:60]}"
            raise ValueError(f"{what}; expected ['int', NUMBER], as ['int', 10901]")


def _drafts(found: SymbolFile) -> list[Draft]:
    drafts = [
        Draft(
            None if node.op == "null" else node.op,
            node.name,
            [NodeEntry(*entry[:2]) for entry in node.inputs],
            {**node.param, **node.attr, **node.attrs},
        )
        for node in found.nodes
    ]
    upgrade(drafts, _version(found))
    return drafts


def _ordered(drafts: list[Draft], heads: Entries, version: int | None) -> Graph:
    """The nodes that the heads need, in nnvm's order: depth first, inputs before their users."""
    order: dict[int, int] = {}
    for head in heads:
        stack = [(head[0], iter(drafts[head[0]].inputs))]
        while stack:
            index, inputs = stack[-1]
            entry = next((entry for entry in inputs if entry.node not in order), None)
            if entry is not None:
                stack.append((entry.node, iter(drafts[entry.node].inputs)))
            else:
                stack.pop()
                order.setdefault(index, len(order))
    nodes = tuple(
        Node(
            drafts[index].op,
            drafts[index].name,
            tuple(NodeEntry(order[e.node], e.output) for e in drafts[index].inputs),
            drafts[index].attributes,
            drafts[index].annotations,
        )
        for index in order
    )
    return Graph(nodes, tuple(NodeEntry(order[head[0]], head[1]) for head in heads), version)


def _check_operators(graph: Graph) -> None:
    """Raise ValueError for a node with more or fewer inputs than its operator can have, and for
    outputs that no such node has. Operators and attributes that are not supported pass."""
    for index, node in enumerate(graph.nodes):
        operator = OPERATORS.get(node.op or "")
        if operator is not None and operator.inputs:
            most = len(operator.inputs)
            least = most if operator.auxiliary else 1
            if not least <= len(node.inputs) <= most:
                count = f"{least}" if least == most else f"{least} to {most}"
                what = f"{at(index, node)} has {len(node.inputs)} inputs; expected {count}"
                raise ValueError(f"{what} ({', '.join(operator.inputs)}): {DAMAGED}")
    taken = {entry for node in graph.nodes for entry in node.inputs} | set(graph.heads)
    for entry in sorted(taken, key=lambda entry: (entry.node, entry.output)):
        node = graph.nodes[entry.node]
        outputs = output_count(node) if entry.output else None
        if outputs is not None and entry.output >= outputs:
            what = f"output {entry.output} of {at(entry.node, node)} is taken"
            raise ValueError(f"{what}, which has {outputs} of them: {DAMAGED}")


def output_count(node: Node) -> int | None:
    """How many outputs a node has; None for an operator or attributes that are not supported."""
    if node.op is None:
        return 1
    operator = OPERATORS.get(node.op)
    if operator is None:
        return None
    try:
        return operator.output_count(operator.parse(node))
    except (GraphError, ArithmeticError, LookupError, TypeError, ValueError):
        return None  # what is wrong with its attributes is said where it is converted
