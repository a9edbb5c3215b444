"""The reader of symbols against MXNet itself, on other people's files of versions 0.7 to 2.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.interface import argument_names, auxiliary_names, output_names
from architectures.graph.operators import OPERATORS
from convert.formats.symbol import open_symbol, parse_symbol, symbol_json
from mappings.errors import FormatError
from tests.support.mxnet_scripts import in_mxnet
from tests.support.shared import archived, need_shared, symbol_entries

SCRIPT = Path(__file__).parent / "support" / "mxnet_symbols.py"
ENTRIES = symbol_entries()
REFUSED = [entry["name"] for entry in ENTRIES if entry["mxnet_191"]["load"] != "ok"]
READ = [entry["name"] for entry in ENTRIES if entry["mxnet_191"]["load"] == "ok"]
PLAIN = [name for name in READ if not name.endswith("int8")]
"""int8 operators keep a graph of their own, which no Graph has: they are refused by name."""

Symbol = dict[str, Any]


def variable(name: str, **attr: str) -> Symbol:
    return {"op": "null", "name": name, "inputs": [], "attr": attr}


def operator(op: str, name: str, *inputs: int, **attr: str) -> Symbol:
    return {"op": op, "name": name, "inputs": [[node, 0] for node in inputs], "attr": attr}


def symbol(*nodes: Symbol, heads: list[list[int]] | None = None, version: int = 0) -> Symbol:
    """A symbol whose output is the last node."""
    made: Symbol = {
        "nodes": list(nodes),
        "arg_nodes": [index for index, node in enumerate(nodes) if node["op"] == "null"],
        "heads": heads or [[len(nodes) - 1, 0]],
    }
    return made | ({"attrs": {"mxnet_version": ["int", version]}} if version else {})


def norm(version: int, name: str = "bn", **attr: str) -> Symbol:
    """A BatchNorm as files before 0.9 have it, without its states."""
    own = [variable(name) for name in ("x", "g", "b")]
    return symbol(*own, operator("BatchNorm", name, 0, 1, 2, **attr), version=version)


def dense(*nodes: Symbol, **attr: str) -> Symbol:
    weighted = operator("FullyConnected", "fc", 0, 1, 2, num_hidden="3", **attr)
    return symbol(*nodes, weighted, version=904)


OLD: dict[str, Symbol] = {
    "states are added before 0.9": norm(800),
    "states are added where no version is said": norm(0),
    "states are added to a node without a name": norm(803, name=""),
    "states inherit annotations": norm(803, ctx_group="gpu"),
    "the axis of argmax": symbol(variable("x"), operator("argmax", "a", 0, axis="-1"), version=904),
    "it is kept since 0.9.5": symbol(
        variable("x"), operator("argmax", "a", 0, axis="-1"), version=905
    ),
    "hidden keys of a variable": dense(
        variable("x"), variable("w", lr_mult="2", wd_mult="0"), variable("b", kernel="(3, 3)")
    ),
    "hidden keys of an operator": dense(
        *map(variable, "xwb"), ctx_group="gpu", force_mirroring="True", __layout__="NCHW"
    ),
    "hidden keys of an operator for its inputs": dense(
        *map(variable, "xwb"), weight_lr_mult="2", bias_wd_mult="0"
    ),
    "nodes that no output needs": symbol(
        variable("x"),
        variable("unused"),
        operator("relu", "gone", 1),
        operator("relu", "r", 0),
    ),
    "variables in another order than they are needed": symbol(
        variable("b"),
        variable("w"),
        variable("x"),
        operator("FullyConnected", "fc", 2, 1, 0, num_hidden="3"),
    ),
    "names that occur twice": symbol(
        variable("x"), variable("x"), operator("_Plus", "", 0, 1), operator("relu", "", 2)
    ),
    "a variable as an output": symbol(variable("x"), variable("y"), heads=[[1, 0], [0, 0]]),
}


@pytest.fixture(scope="session")
def mxnet_of_old(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What MXNet says of OLD."""
    folder = tmp_path_factory.mktemp("symbols")
    for name, content in OLD.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return answers(folder)


@pytest.fixture(scope="session")
def mxnet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What MXNet says of the real files, and of these as we write them ("NAME again")."""
    folder = tmp_path_factory.mktemp("symbols")
    if ENTRIES:
        for name, data in archived("symbols.tar.xz").items():
            (folder / f"{name}.json").write_bytes(data)
            if name in PLAIN:
                again = json.dumps(symbol_json(parse_symbol(data, name)))
                (folder / f"{name} again.json").write_text(again)
    return answers(folder)


def answers(folder: Path) -> dict[str, Any]:
    out = folder / "answers"
    in_mxnet(SCRIPT, folder, out)
    found: dict[str, Any] = json.loads(out.read_text())
    return found | {"folder": folder}


def names(graph: Graph) -> dict[str, list[str]]:
    return {
        "arguments": argument_names(graph),
        "auxiliary": auxiliary_names(graph),
        "outputs": output_names(graph),
    }


def annotations(graph: Graph) -> dict[str, dict[str, str]]:
    """As MXNet lists them, by name; without initialisers, which MXNet adds to older files."""
    found: dict[str, dict[str, str]] = {}
    for node in graph.nodes:
        own = node.attributes if node.op is None else node.annotations
        found.setdefault(node.name, {}).update(own)
    return plain(found)


def plain(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for own in found.values():
        own.pop("__init__", None)
    return {name: own for name, own in found.items() if own}


@pytest.mark.parametrize("name", OLD)
def test_an_older_symbol_is_changed_as_mxnet_changes_it(
    name: str, mxnet_of_old: dict[str, Any]
) -> None:
    graph = open_symbol(mxnet_of_old["folder"] / f"{name}.json")
    answer = mxnet_of_old[name]
    theirs = plain(answer.pop("annotations"))
    assert names(graph) == answer
    assert annotations(graph) == theirs


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", READ)
def test_a_real_symbol_lists_the_names_that_mxnet_lists(name: str, mxnet: dict[str, Any]) -> None:
    graph, answer = open_symbol(mxnet["folder"] / f"{name}.json"), dict(mxnet[name])
    theirs, ours = plain(answer.pop("annotations")), names(graph)
    if name not in PLAIN:  # only the graph inside an int8 operator says which are states
        for listed in (answer, ours):
            listed["arguments"] = sorted(listed["arguments"] + listed.pop("auxiliary"))
    assert ours == answer
    assert annotations(graph) == theirs


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", PLAIN)
def test_mxnet_reads_a_real_symbol_as_we_write_it(name: str, mxnet: dict[str, Any]) -> None:
    graph = open_symbol(mxnet["folder"] / f"{name}.json")
    assert open_symbol(mxnet["folder"] / f"{name} again.json") == graph
    answer = dict(mxnet[f"{name} again"])
    theirs = plain(answer.pop("annotations"))
    assert (names(graph), annotations(graph)) == (answer, theirs)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", REFUSED)
def test_a_symbol_that_mxnet_refuses_is_read_up_to_its_reason(
    name: str, mxnet: dict[str, Any]
) -> None:
    """The operator or attribute that MXNet does not know is in the graph, and we do not know it
    either, or under a later name."""
    error = mxnet[name]["error"]
    graph = open_symbol(mxnet["folder"] / f"{name}.json")
    if "Cannot find argument" in error:
        attribute = error.partition("'")[2].partition("'")[0]
        nodes = [node for node in graph.nodes if attribute in node.attributes]
        assert nodes
        assert all(attribute not in OPERATORS[node.op or ""].attributes for node in nodes)
    else:
        op = error.partition(" of type ")[2].partition(":")[0]
        # MultiBoxPrior was MXNet's own later, as _contrib_MultiBoxPrior
        assert graph.operators[op] and OPERATORS.get(op) is OPERATORS.get(f"_contrib_{op}")


def test_the_manifest_was_read() -> None:
    need_shared()
    assert (len(READ), len(REFUSED)) == (109, 8)


@pytest.mark.exhaustive
def test_the_version_is_that_of_the_mxnet_that_wrote_the_file(mxnet: dict[str, Any]) -> None:
    need_shared()
    for entry in ENTRIES:
        graph = open_symbol(mxnet["folder"] / f"{entry['name']}.json")
        assert graph.version == entry["mxnet_version"]


def test_attributes_are_found_under_every_key_and_told_from_annotations() -> None:
    node = operator("Activation", "a", 0) | {
        "param": {"act_type": "relu"},
        "attr": {"lr_mult": "2"},
        "attrs": {"__layout__": "NCHW"},
        "backward_source_id": -1,
    }
    graph = parse_symbol(json.dumps(symbol(variable("x"), node)), "s")
    assert graph.nodes[1].attributes == {"act_type": "relu"}
    assert graph.nodes[1].annotations == {"__lr_mult__": "2", "__layout__": "NCHW"}


def test_a_byte_order_mark_is_read_over() -> None:
    text = json.dumps(symbol(variable("x")))
    assert parse_symbol(b"\xef\xbb\xbf" + text.encode(), "s") == parse_symbol(text, "s")


def test_operators_that_are_not_supported_are_kept_with_their_attributes() -> None:
    made = symbol(variable("x"), operator("Custom", "c", 0, op_type="mine") | {"subgraphs": [{}]})
    graph = parse_symbol(json.dumps(made), "s")
    assert graph.nodes[1] == Node("Custom", "c", (NodeEntry(0),), {"op_type": "mine"})


WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
DICTS = st.dictionaries(WORDS.filter(lambda word: "_" not in word), WORDS, max_size=3)


@st.composite
def symbols(draw: st.DrawFn) -> Symbol:
    """A sound symbol: any graph of variables and of operators that nobody knows."""
    nodes: list[Symbol] = [variable("x")]
    for index in range(1, draw(st.integers(1, 12))):
        if draw(st.booleans()):
            nodes.append(variable(draw(WORDS), __shape__=draw(WORDS)))
            continue
        inputs = draw(st.lists(st.integers(0, index - 1), max_size=4))
        node = {"op": "?" + draw(WORDS), "name": draw(WORDS), "attrs": draw(DICTS)}
        outputs = [0 if nodes[i]["op"] == "null" else draw(st.integers(0, 3)) for i in inputs]
        nodes.append(node | {"inputs": [[i, o, 0] for i, o in zip(inputs, outputs, strict=True)]})
    heads = draw(st.lists(st.integers(0, len(nodes) - 1), min_size=1, max_size=3))
    return symbol(*nodes, heads=[[head, 0] for head in heads], version=draw(st.integers(0, 10901)))


@given(symbols())
@settings(deadline=None)
def test_a_graph_that_was_read_is_written_and_read_again(made: Symbol) -> None:
    graph = parse_symbol(json.dumps(made), "s")
    assert parse_symbol(json.dumps(symbol_json(graph)), "s") == graph
    for index, node in enumerate(graph.nodes):
        assert all(entry.node < index for entry in node.inputs)
    used = {entry.node for node in graph.nodes for entry in node.inputs}
    assert used | {head.node for head in graph.heads} == set(range(len(graph.nodes)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


@given(symbols(), st.data())
@settings(deadline=None)
def test_a_symbol_in_which_any_value_is_another_one_is_read_or_refused(
    made: Symbol, data: st.DataObject
) -> None:
    place: Any = made
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON)
    try:
        parse_symbol(json.dumps(made), "s")
    except FormatError as error:
        assert str(error).startswith("s: ") and "\n" not in str(error)
