"""Symbol files that must be refused: each with one clear line, in bounded memory and time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from architectures.graph.lowering import lower
from convert.formats.limits import (
    MAX_ATTRIBUTE,
    MAX_ENTRIES,
    MAX_NAME,
    MAX_NODES,
    MAX_OUTPUTS,
    MAX_SYMBOL,
)
from convert.formats.symbol import DAMAGED, open_symbol, parse_symbol
from mappings.errors import FormatError
from tests.support.memory import memory_below

Symbol = dict[str, Any]
SOUND: Symbol = {
    "nodes": [
        {"op": "null", "name": "data", "inputs": []},
        {"op": "null", "name": "fc_weight", "inputs": [], "attrs": {"__shape__": "(4, 3)"}},
        {
            "op": "FullyConnected",
            "name": "fc",
            "inputs": [[0, 0, 0], [1, 0, 0]],
            "attrs": {"num_hidden": "4", "no_bias": "True"},
        },
        {"op": "Activation", "name": "relu", "inputs": [[2, 0]], "attr": {"act_type": "relu"}},
    ],
    "arg_nodes": [0, 1],
    "heads": [[3, 0, 0]],
    "attrs": {"mxnet_version": ["int", 10901]},
}
FC, RELU = "node 2 'fc' (FullyConnected)", "node 3 'relu' (Activation)"


def changed(*path: str | int, to: Any) -> Callable[[Symbol], None]:
    """Put a value at a place of the symbol."""

    def change(symbol: Symbol) -> None:
        *parents, last = path
        place: Any = symbol
        for key in parents:
            place = place[key]
        place[last] = to

    return change


def without(*path: str | int) -> Callable[[Symbol], None]:
    def change(symbol: Symbol) -> None:
        *parents, last = path
        place: Any = symbol
        for key in parents:
            place = place[key]
        del place[last]

    return change


def norm(*inputs: list[int]) -> Symbol:
    return {"op": "BatchNorm", "name": "n", "inputs": inputs}


HOSTILE: dict[str, tuple[Callable[[Symbol], None], str]] = {
    # --- the top level
    "nodes is an object": (
        changed("nodes", to={}),
        "the field 'nodes' is {}; expected a list",
    ),
    "nodes is null": (changed("nodes", to=None), "the field 'nodes' is None; expected a list"),
    "a node is a list": (
        changed("nodes", 0, to=[]),
        "the field 'nodes[0]' is []; expected an object",
    ),
    "a node is a number": (
        changed("nodes", 1, to=7),
        "the field 'nodes[1]' is 7; expected an object",
    ),
    "heads is a number": (changed("heads", to=3), "the field 'heads' is 3; expected a list"),
    "no heads": (
        changed("heads", to=[]),
        f"the symbol has no heads, which are its outputs; {DAMAGED}",
    ),
    "a head is a number": (
        changed("heads", to=[3]),
        "the field 'heads[0]' is 3; expected a list",
    ),
    "no nodes at all": (
        changed("nodes", to=[]),
        f"a head is node 3; expected one of its 0 nodes: {DAMAGED}",
    ),
    "arg_nodes is an object": (
        changed("arg_nodes", to={"0": 1}),
        "the field 'arg_nodes' is {'0': 1}; expected a list",
    ),
    "arg_nodes beyond the nodes": (
        changed("arg_nodes", to=[4]),
        f"'arg_nodes' lists 4, which is not a variable; {DAMAGED}",
    ),
    "arg_nodes before the nodes": (
        changed("arg_nodes", to=[-1]),
        f"'arg_nodes' lists -1, which is not a variable; {DAMAGED}",
    ),
    "arg_nodes lists an operator": (
        changed("arg_nodes", to=[0, 2]),
        f"'arg_nodes' lists 2, which is not a variable; {DAMAGED}",
    ),
    "arg_nodes holds a truth value": (
        changed("arg_nodes", 0, to=False),
        "the field 'arg_nodes[0]' is False; expected a whole number",
    ),
    "attrs is a list": (
        changed("attrs", to=[]),
        "the field 'attrs' is []; expected an object",
    ),
    # --- the version
    "the version is a number": (
        changed("attrs", "mxnet_version", to=10901),
        "'mxnet_version' is 10901; expected ['int', NUMBER], as ['int', 10901]",
    ),
    "the version is a text": (
        changed("attrs", "mxnet_version", to=["int", "10901"]),
        "'mxnet_version' is ['int', '10901']; expected ['int', NUMBER], as ['int', 10901]",
    ),
    "the version is negative": (
        changed("attrs", "mxnet_version", to=["int", -1]),
        "'mxnet_version' is ['int', -1]; expected ['int', NUMBER], as ['int', 10901]",
    ),
    "the version is true": (
        changed("attrs", "mxnet_version", to=["int", True]),
        "'mxnet_version' is ['int', True]; expected ['int', NUMBER], as ['int', 10901]",
    ),
    "the version is of 20 digits": (
        changed("attrs", "mxnet_version", to=["int", 10**19]),
        f"'mxnet_version' is ['int', {10**19}]; expected ['int', NUMBER], as ['int', 10901]",
    ),
    # --- the fields of a node
    "a node without op": (without("nodes", 2, "op"), "the field 'nodes[2].op' is missing"),
    "a node without name": (without("nodes", 2, "name"), "the field 'nodes[2].name' is missing"),
    "a node without inputs": (
        without("nodes", 0, "inputs"),
        "the field 'nodes[0].inputs' is missing",
    ),
    "op is null": (
        changed("nodes", 0, "op", to=None),
        "the field 'nodes[0].op' is None; expected a text",
    ),
    "name is a number": (
        changed("nodes", 0, "name", to=0),
        "the field 'nodes[0].name' is 0; expected a text",
    ),
    "attrs of a node is a list": (
        changed("nodes", 2, "attrs", to=[["num_hidden", "4"]]),
        "the field 'nodes[2].attrs' is [['num_hidden', '4']]; expected an object",
    ),
    "an attribute is a number": (
        changed("nodes", 2, "attrs", "num_hidden", to=4),
        "the field 'nodes[2].attrs.num_hidden' is 4; expected a text",
    ),
    "param is a text": (
        changed("nodes", 2, "param", to="num_hidden=4"),
        "the field 'nodes[2].param' is 'num_hidden=4'; expected an object",
    ),
    "a variable with inputs": (
        changed("nodes", 1, "inputs", to=[[0, 0, 0]]),
        f"node 1 'fc_weight' (null) is a variable and has inputs; {DAMAGED}",
    ),
    "a name that is no Unicode": (
        changed("nodes", 2, "name", to="\ud800"),
        "node 2: its name is not Unicode text",
    ),
    "an operator that is no Unicode": (
        changed("nodes", 2, "op", to="\udfff"),
        "node 2: its operator is not Unicode text",
    ),
    "an attribute that is no Unicode": (
        changed("nodes", 2, "attrs", "num_hidden", to="\ud800"),
        "node 2: its value of the attribute 'num_hidden' is not Unicode text",
    ),
    "a name that is too long": (
        changed("nodes", 2, "name", to="x" * (MAX_NAME + 1)),
        f"node 2: its name has {MAX_NAME + 1} characters; expected at most {MAX_NAME}",
    ),
    "an operator that is too long": (
        changed("nodes", 2, "op", to="x" * 5000),
        f"node 2: its operator has 5000 characters; expected at most {MAX_NAME}",
    ),
    "an attribute name that is too long": (
        changed("nodes", 2, "attrs", "x" * 2000, to="1"),
        f"node 2: its attribute {'x' * 60!r} has 2000 characters; expected at most {MAX_NAME}",
    ),
    "an attribute that is too long": (
        changed("nodes", 2, "attrs", "num_hidden", to="4" * (MAX_ATTRIBUTE + 1)),
        f"node 2: its value of the attribute 'num_hidden' has {MAX_ATTRIBUTE + 1} characters; "
        f"expected at most {MAX_ATTRIBUTE}",
    ),
    # --- inputs and heads
    "a node that takes itself": (
        changed("nodes", 3, "inputs", to=[[3, 0, 0]]),
        f"{RELU} takes node 3; expected an earlier node: {DAMAGED}",
    ),
    "two nodes that take each other": (
        changed("nodes", 2, "inputs", 0, to=[3, 0, 0]),
        f"{FC} takes node 3; expected an earlier node: {DAMAGED}",
    ),
    "an input beyond the nodes": (
        changed("nodes", 3, "inputs", to=[[4000000000, 0, 0]]),
        f"{RELU} takes node 4000000000; expected an earlier node: {DAMAGED}",
    ),
    "an input before the nodes": (
        changed("nodes", 3, "inputs", to=[[-1, 0, 0]]),
        f"{RELU} takes node -1; expected an earlier node: {DAMAGED}",
    ),
    "an input of one number": (
        changed("nodes", 3, "inputs", to=[[2]]),
        f"{RELU} takes [2]; expected a node, an output and a version",
    ),
    "an input of no number": (
        changed("nodes", 3, "inputs", to=[[]]),
        f"{RELU} takes []; expected a node, an output and a version",
    ),
    "an input of thousands of numbers": (
        changed("nodes", 3, "inputs", to=[[2] * 5000]),
        f"{RELU} takes {[2] * 9}; expected a node, an output and a version",
    ),
    "an input that is a number": (
        changed("nodes", 3, "inputs", to=[2]),
        "the field 'nodes[3].inputs[0]' is 2; expected a list",
    ),
    "an input that is a text": (
        changed("nodes", 3, "inputs", to=[["2", 0]]),
        "the field 'nodes[3].inputs[0][0]' is '2'; expected a whole number",
    ),
    "an input that is a fraction": (
        changed("nodes", 3, "inputs", to=[[2.0, 0]]),
        "the field 'nodes[3].inputs[0][0]' is 2.0; expected a whole number",
    ),
    "inputs are an object": (
        changed("nodes", 3, "inputs", to={"data": [2, 0]}),
        "the field 'nodes[3].inputs' is {'data': [2, 0]}; expected a list",
    ),
    "the second output of a variable": (
        changed("nodes", 2, "inputs", 0, to=[0, 1, 0]),
        f"{FC} takes output 1 of node 0 'data' (null), which has one: {DAMAGED}",
    ),
    "a negative output": (
        changed("nodes", 3, "inputs", to=[[2, -1, 0]]),
        f"{RELU} takes output -1 of {FC}, expected at most {MAX_OUTPUTS} outputs: {DAMAGED}",
    ),
    "an output beyond all bounds": (
        changed("nodes", 3, "inputs", to=[[2, 2**32, 0]]),
        f"{RELU} takes output {2**32} of {FC}, expected at most {MAX_OUTPUTS} outputs: {DAMAGED}",
    ),
    "an output that the operator does not have": (
        changed("nodes", 3, "inputs", to=[[2, 1, 0]]),
        f"output 1 of {FC} is taken, which has 1 of them: {DAMAGED}",
    ),
    "a head on an output that its operator does not have": (
        changed("heads", to=[[3, 0, 0], [3, 2, 0]]),
        f"output 2 of {RELU} is taken, which has 1 of them: {DAMAGED}",
    ),
    "a head beyond the nodes": (
        changed("heads", to=[[4, 0, 0]]),
        f"a head is node 4; expected one of its 4 nodes: {DAMAGED}",
    ),
    "a head of four numbers": (
        changed("heads", to=[[3, 0, 0, 0]]),
        "a head is [3, 0, 0, 0]; expected a node, an output and a version",
    ),
    # --- operators
    "an operator with too many inputs": (
        changed("nodes", 3, "inputs", to=[[2, 0], [2, 0]]),
        f"{RELU} has 2 inputs; expected 1 (data): {DAMAGED}",
    ),
    "an operator with no input": (
        changed("nodes", 3, "inputs", to=[]),
        f"node 0 'relu' (Activation) has 0 inputs; expected 1 (data): {DAMAGED}",
    ),
    "a layer with four inputs": (
        changed("nodes", 2, "inputs", to=[[0, 0], [1, 0], [1, 0], [1, 0]]),
        f"{FC} has 4 inputs; expected 1 to 3 (data, weight, bias): {DAMAGED}",
    ),
    "a BatchNorm of a newer file without its states": (
        changed("nodes", 3, to=norm([2, 0], [1, 0], [1, 0])),
        "node 3 'n' (BatchNorm) has 3 inputs; expected 5 "
        f"(data, gamma, beta, moving_mean, moving_var): {DAMAGED}",
    ),
    "a BatchNorm of which the first state is missing": (
        changed("nodes", 3, to=norm([2, 0], [1, 0], [1, 0], [1, 0])),
        "node 3 'n' (BatchNorm) has 4 inputs; expected 5 "
        f"(data, gamma, beta, moving_mean, moving_var): {DAMAGED}",
    ),
}
TEXTS = {
    "an empty file": (b"", "the file is not valid JSON: Expecting value: line 1 column 1 (char 0)"),
    "no JSON": (
        b"nodes: []",
        "the file is not valid JSON: Expecting value: line 1 column 1 (char 0)",
    ),
    "another JSON document": (
        b'{"model": {}}',
        "the JSON is not an MXNet symbol, which is an object with 'nodes' and 'heads': "
        "name the file that ends in -symbol.json",
    ),
    "a list": (
        b"[]",
        "the JSON is not an MXNet symbol, which is an object with 'nodes' and 'heads': "
        "name the file that ends in -symbol.json",
    ),
    "a field that occurs twice": (
        b'{"nodes": [], "nodes": [], "heads": []}',
        "the file is not valid JSON: a name occurs twice",
    ),
    "a number of a thousand digits": (
        b'{"nodes": [], "heads": [[' + b"9" * 1000 + b"]]}",
        "the file is not valid JSON: an integer has 1000 digits; expected at most 20",
    ),
    "not a number": (
        b'{"nodes": [], "heads": [[NaN, 0]]}',
        "the file is not valid JSON: it holds NaN, which is not a JSON number",
    ),
    "text that is not UTF-8": (
        b'{"nodes": "\xe9"}',
        "byte 11: the text is not UTF-8 (invalid continuation byte): save the file as UTF-8",
    ),
    "lists in lists": (
        b'{"heads": [], "nodes": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "the file is not valid JSON: it is nested too deeply",
    ),
    "too many nodes": (
        b'{"heads": [], "nodes": [' + b"0," * MAX_NODES + b"0]}",
        f"the symbol has {MAX_NODES + 1} nodes; expected at most {MAX_NODES}",
    ),
    "too many heads": (
        b'{"nodes": [], "heads": [' + b"0," * MAX_ENTRIES + b"0]}",
        f"its nodes and heads have {MAX_ENTRIES + 1} inputs; expected at most {MAX_ENTRIES}",
    ),
    "too many inputs": (
        b'{"heads": [], "nodes": [{"inputs": [' + b"0," * MAX_ENTRIES + b"0]}]}",
        f"its nodes and heads have {MAX_ENTRIES + 1} inputs; expected at most {MAX_ENTRIES}",
    ),
}


def refusal(data: bytes) -> str:
    """What the reader says, without the file's name."""
    with pytest.raises(FormatError) as caught:
        parse_symbol(data, "model-symbol.json")
    said = str(caught.value)
    assert "\n" not in said and len(said) < 500
    return said.removeprefix("model-symbol.json: ")


def test_the_symbol_that_the_others_are_made_of_is_sound() -> None:
    graph = parse_symbol(json.dumps(SOUND), "model-symbol.json")
    assert [node.name for node in graph.nodes] == ["data", "fc_weight", "fc", "relu"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_symbol_is_refused_with_its_reason(name: str) -> None:
    change, said = HOSTILE[name]
    symbol = copy.deepcopy(SOUND)
    change(symbol)
    assert refusal(json.dumps(symbol).encode()) == said


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_no_symbol_is_refused_with_its_reason(name: str) -> None:
    data, said = TEXTS[name]
    with memory_below(60 * len(data) + 2_000_000):
        assert refusal(data) == said


def test_a_symbol_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "model-symbol.json"
    with file.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(FormatError, match=f"expected at most {MAX_SYMBOL}"):
        open_symbol(file)
    assert refusal(b" " * (MAX_SYMBOL + 1)).startswith(f"the symbol has {MAX_SYMBOL + 1} bytes")


def test_a_chain_of_as_many_nodes_as_are_allowed_is_read_without_recursion() -> None:
    nodes = [{"op": "null", "name": "data", "inputs": []}]
    nodes += [{"op": "relu", "name": "r", "inputs": [[n, 0]]} for n in range(MAX_NODES - 1)]
    symbol = {"nodes": nodes, "heads": [[MAX_NODES - 1, 0]]}
    assert len(parse_symbol(json.dumps(symbol), "model-symbol.json").nodes) == MAX_NODES


def test_a_value_nested_as_deep_as_json_may_be_is_quoted_or_refused_in_one_line() -> None:
    for depth in (10, 100, 500, 800, 900, 950, 980):
        nested = b"[" * depth + b"]" * depth
        for text in (b'{"nodes": [%s], "heads": []}', b'{"nodes": [], "heads": [], "attrs": %s}'):
            refusal(text % nested)
        version = b'{"nodes": [{"op": "null", "name": "x", "inputs": []}], "heads": [[0, 0]], '
        refusal(version + b'"attrs": {"mxnet_version": %s}}' % nested)


def test_a_node_that_no_operator_can_take_is_a_problem_of_that_node() -> None:
    """As long as it is read: a layer without its weight, a stride of 0."""
    symbol = copy.deepcopy(SOUND)
    del symbol["nodes"][2]["inputs"][1]
    symbol["nodes"][3] = {
        "op": "Pooling",
        "name": "pool",
        "inputs": [[0, 0]],
        "attrs": {"kernel": "(2, 2)", "stride": "(0, 0)", "pool_type": "max"},
    }
    symbol["heads"] = [[2, 0], [3, 0]]
    graph = parse_symbol(json.dumps(symbol), "model-symbol.json")
    lowered = lower(graph, {}, {"data": (1, 3, 9, 9)})
    assert list(lowered.problems) == [1, 2]
    assert lowered.problems[1] == (
        "node 'fc' (FullyConnected): its 1 input and attributes do not fit together (IndexError)"
    )
