"""Names from files become module paths."""

import keyword
from collections.abc import Sequence

import pytest
from torch import nn

from architectures.graph.graph import Graph, Node, NodeEntry
from architectures.graph.hierarchy import Hierarchy, hierarchy
from architectures.graph.identifiers import MODULE_ATTRIBUTES, UniqueNames, identifier, words

Line = tuple[str, str, Sequence[str]]


def arranged(*lines: Line) -> tuple[Hierarchy, dict[str, str]]:
    """The hierarchy of nodes (operator, name, names of what they take), and the paths by name.

    Convolution and BatchNorm are layers with a weight of their own.
    """
    nodes = [Node(None, "data")]
    places = {"data": 0}
    takes, layers = {}, {}
    for op, name, taken in lines:
        inputs = [NodeEntry(places[source]) for source in taken]
        if op in ("Convolution", "BatchNorm"):
            nodes.append(Node(None, f"{name.removesuffix('_fwd')}_weight"))
            inputs.append(NodeEntry(len(nodes) - 1))
            layers[len(nodes)] = [len(nodes)]
        takes[len(nodes)] = [places[source] for source in taken]
        places[name] = len(nodes)
        nodes.append(Node(op, name, tuple(inputs)))
    found = hierarchy(Graph(tuple(nodes), (NodeEntry(len(nodes) - 1),)), takes, layers, {})
    return found, {nodes[node].name: path for node, path in found.paths.items()}


def unit(prefix: str, taken: str, plus: str) -> list[Line]:
    """A residual unit under Module names; the sum's name says nothing."""
    return [
        ("BatchNorm", f"{prefix}bn1", [taken]),
        ("Activation", f"{prefix}relu1", [f"{prefix}bn1"]),
        ("Convolution", f"{prefix}conv1", [f"{prefix}relu1"]),
        ("elemwise_add", plus, [f"{prefix}conv1", taken]),
    ]


def test_module_names_become_stages_and_units_with_their_sums() -> None:
    found, paths = arranged(
        ("Convolution", "conv0", ["data"]),
        *unit("stage1_unit1_", "conv0", "_plus0"),
        *unit("stage1_unit2_", "_plus0", "_plus1"),
        ("Convolution", "fc1", ["_plus1"]),
    )
    assert paths["conv0"] == "conv0" and paths["fc1"] == "fc1"
    assert paths["stage1_unit2_conv1"] == "stage1.unit2.conv1"
    assert sorted(found.blocks.values()).count("stage1.unit1") == 4


def flat_unit(count: int, taken: str) -> list[Line]:
    return [
        ("Convolution", f"net0_stage1_conv{2 * count}_fwd", [taken]),
        (
            "Convolution",
            f"net0_stage1_conv{2 * count + 1}_fwd",
            [f"net0_stage1_conv{2 * count}_fwd"],
        ),
        (
            "elemwise_add",
            f"net0_stage1__plus{count}",
            [f"net0_stage1_conv{2 * count + 1}_fwd", taken],
        ),
        ("Activation", f"net0_stage1_activation{count}", [f"net0_stage1__plus{count}"]),
    ]


def test_units_under_flat_names_are_found_in_the_graph() -> None:
    found, paths = arranged(
        ("Convolution", "net0_conv0_fwd", ["data"]),
        *flat_unit(0, "net0_conv0_fwd"),
        *flat_unit(1, "net0_stage1_activation0"),
        ("Convolution", "net0_dense0_fwd", ["net0_stage1_activation1"]),
    )
    assert list(paths.values()) == [
        "conv0",
        "stage1.unit1.conv1",
        "stage1.unit1.conv2",
        "stage1.unit2.conv1",
        "stage1.unit2.conv2",
        "dense0",
    ]
    assert list(found.blocks.values()).count("stage1.unit2") == 4


def test_a_prefix_that_the_graph_leaves_and_enters_again_is_no_block() -> None:
    _, paths = arranged(
        ("Convolution", "a_conv1", ["data"]),
        ("Convolution", "b_conv1", ["a_conv1"]),
        ("Convolution", "a_conv2", ["b_conv1"]),
        ("Convolution", "b_conv2", ["a_conv2"]),
    )
    assert list(paths.values()) == ["a_conv1", "b_conv1", "a_conv2", "b_conv2"]


def test_blocks_that_need_each_other_are_no_blocks_though_each_is_convex() -> None:
    _, paths = arranged(
        ("Convolution", "a_one", ["data"]),
        ("Convolution", "b_one", ["a_one"]),
        ("Convolution", "b_two", ["data"]),
        ("Convolution", "a_two", ["b_two"]),
        ("elemwise_add", "a_sum", ["a_one", "a_two"]),
        ("elemwise_add", "b_sum", ["b_one", "b_two"]),
        ("elemwise_add", "sum", ["a_sum", "b_sum"]),
    )
    assert list(paths.values()) == ["a_one", "b_one", "b_two", "a_two"]


HOSTILE = [
    *("", "", "a/b.c", "x y\nimport os", "1x1", "class", "forward", "training", "__init__", "self"),
    *("weight" * 99, "é", "a_b", "a_b", "'''", 'a"b', "torch", "_", "a_b_2", "state_dict", "None"),
]


def test_any_names_become_unique_identifiers_and_no_path_begins_another() -> None:
    nodes, takes, layers = [Node(None, "data")], {}, {}
    for name in HOSTILE:
        inputs = (NodeEntry(len(nodes) - 2 if takes else 0), NodeEntry(len(nodes)))
        nodes += [Node(None, f"{name}_weight"), Node("Convolution", name, inputs)]
        takes[len(nodes) - 1] = [inputs[0].node]
        layers[len(nodes) - 1] = [len(nodes) - 1]
    graph = Graph(tuple(nodes), (NodeEntry(len(nodes) - 1),))
    paths = list(hierarchy(graph, takes, layers, {}).paths.values())
    assert len(set(paths)) == len(HOSTILE)
    for path in paths:
        for part in path.split("."):
            assert part.isascii() and part.isidentifier() and not keyword.iskeyword(part)
            assert part not in MODULE_ATTRIBUTES and not part.startswith("_")
        assert not any(other.startswith(f"{path}.") for other in paths)


def test_the_attributes_of_torch_s_modules_are_known() -> None:
    known = {name for kind in (nn.Module, nn.Sequential) for name in dir(kind)}
    assert {name for name in known if not name.startswith("_")} <= MODULE_ATTRIBUTES
    assert "training" in MODULE_ATTRIBUTES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("multi_feat_2_conv_3x3_conv", ["multi", "feat_2", "conv_3x3", "conv"]),
        ("stage1_unit1_bn_data", ["stage1", "unit1", "bn", "data"]),
        ("features.0.weight", ["features_0", "weight"]),
        ("_plus0", ["plus0"]),
        ("", []),
    ],
)
def test_a_word_that_starts_with_a_digit_belongs_to_the_word_before(
    name: str, expected: list[str]
) -> None:
    assert words(name) == expected


def test_many_equal_names_get_numbers_in_linear_time() -> None:
    names = UniqueNames()
    found = [names(identifier([])) for _ in range(20_000)]
    assert len(set(found)) == 20_000 and found[:2] == ["unnamed", "unnamed_2"]


def test_residual_units_on_parallel_ways_are_found_where_everything_is_flat() -> None:
    lines: list[Line] = []
    ends = ["data", "data"]
    for count in range(60):
        way = count % 2
        first, second = f"conv{2 * count}", f"conv{2 * count + 1}"
        lines += [
            ("Convolution", first, [ends[way]]),
            ("Convolution", second, [first]),
            ("elemwise_add", f"plus{count}", [second, ends[way]]),
        ]
        ends[way] = f"plus{count}"
    found, paths = arranged(*lines, ("elemwise_add", "sum", ends))
    assert paths["conv118"] == "unit60.conv1"
    assert len(set(found.blocks.values())) == 61
