"""The packaged goldens prove the graphs of the zoo, and a fault is named at its node."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from architectures import GraphRecord, find_network
from architectures.catalogue import every_network
from architectures.graph.graph import Graph, Node
from gluonport.commands.main import main
from mappings.errors import NoReferenceError
from verify.parity.graphs.graph_packaged import record_graph, verify_drawn, verify_record
from verify.parity.result import Parity
from verify.reference.drawn_graph import DrawnGraph, draw
from verify.reference.graph_answers import GraphReference
from verify.reference.graph_goldens import GRAPH_GOLDENS, golden_path, graph_golden

QUICK = ("resnet18_v1b_kinetics400", "center_net_resnet18_v1b_voc")
FAMILIES = (
    "alpha_pose_resnet101_v1b_coco",
    "fastscnn_citys",
    "fcn_resnet101_voc",
    "hrnet_w30_c",
    "i3d_inceptionv1_kinetics400",
    "i3d_resnet50_v1_hmdb51",
    "icnet_resnet50_citys",
    "mask_rcnn_fpn_resnet18_v1b_coco",
    "monodepth2_resnet18_kitti_mono_640x192",
    "monodepth2_resnet18_posenet_kitti_mono_640x192",
    "mxnet-mobilenetv2_0.25",
    "p3d_resnet50_kinetics400",
    "r2plus1d_resnet18_kinetics400",
    "siamrpn_alexnet_v2_otb15",
    "simple_pose_resnet18_v1b",
    "slowfast_4x16_resnet50_kinetics400",
    "ssd_512_mobilenet1.0_voc",
    "yolo3_mobilenet1.0_voc",
)
MOST_BYTES = 8_000_000  # of all goldens of graphs together


def record(name: str) -> GraphRecord:
    found = find_network(name)
    assert isinstance(found, GraphRecord)
    return found


@cache
def proven(name: str) -> tuple[DrawnGraph, GraphReference]:
    graph = record_graph(record(name))
    golden = graph_golden(name, graph)
    shapes = {key: tuple(sizes) for key, sizes in golden.about["inputs"].items()}
    return draw(name, graph, shapes), golden


def changed(drawn: DrawnGraph, name: str, change: Callable[[Node], Node]) -> DrawnGraph:
    """The network with one node of its graph changed."""
    nodes = tuple(change(node) if node.name == name else node for node in drawn.graph.nodes)
    assert nodes != drawn.graph.nodes
    graph = Graph(nodes, drawn.graph.heads, drawn.graph.version)
    return DrawnGraph(drawn.name, graph, drawn.shapes, drawn.parameters)


def assert_found(parity: Parity, node: str) -> None:
    assert not parity.passed and parity.finding is not None, parity.criteria
    assert parity.finding.block == node


def test_every_packaged_graph_without_a_table_has_a_golden() -> None:
    wanted = {each.network for each in every_network() if isinstance(each, GraphRecord)}
    made = {path.stem for path in GRAPH_GOLDENS.glob("*.npz")}
    assert made == wanted


def test_the_goldens_are_small() -> None:
    assert sum(path.stat().st_size for path in GRAPH_GOLDENS.glob("*")) < MOST_BYTES


@pytest.mark.parametrize("name", QUICK)
def test_a_network_computes_what_mxnet_computed(name: str) -> None:
    parity = verify_record(record(name))
    assert parity.passed, parity.failure()
    assert (parity.reference, parity.leg, parity.task) == ("golden", "network", record(name).task)
    assert all(output.port64 is not None for output in parity.outputs)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FAMILIES)
def test_one_network_of_each_family_computes_what_mxnet_computed(name: str) -> None:
    parity = verify_record(record(name))
    assert parity.passed, parity.failure()


def test_two_tensors_that_are_swapped_are_found_at_their_nodes() -> None:
    drawn, golden = proven("resnet18_v1b_kinetics400")
    names = [name for name in drawn.parameters if "layers2" in name and "conv" in name]
    a, b = next(
        (first, second)
        for first in names
        for second in names
        if first < second and drawn.parameters[first].shape == drawn.parameters[second].shape
    )
    swapped = {**drawn.parameters, a: drawn.parameters[b], b: drawn.parameters[a]}
    nodes = drawn.graph.nodes
    user = next(n for n in nodes if a in {nodes[entry.node].name for entry in n.inputs})
    parity = verify_drawn(replace(drawn, parameters=swapped), golden)
    assert_found(parity, user.name)
    given = parity.criterion("inputs")
    assert given is not None and not given.passed  # the parameters are not MXNet's


def test_a_wrong_attribute_is_found_at_its_node() -> None:
    drawn, golden = proven("resnet18_v1b_kinetics400")
    pool = next(node for node in drawn.graph.nodes if node.op == "Pooling")
    counted = {**pool.attributes, "pool_type": "avg"}
    wrong = changed(drawn, pool.name, lambda node: replace(node, attributes=counted))
    assert_found(verify_drawn(wrong, golden), pool.name)
    norm = [node for node in drawn.graph.nodes if node.op == "BatchNorm"][7]
    shifted = {**norm.attributes, "eps": "1.1e-5"}
    wrong = changed(drawn, norm.name, lambda node: replace(node, attributes=shifted))
    assert_found(verify_drawn(wrong, golden), norm.name)


def test_a_golden_of_another_graph_or_none_is_refused(tmp_path: Path) -> None:
    drawn, _ = proven("resnet18_v1b_kinetics400")
    conv = next(node for node in drawn.graph.nodes if node.op == "Convolution")
    other = changed(drawn, conv.name, lambda node: replace(node, name="another"))
    with pytest.raises(NoReferenceError, match="is of another graph"):
        graph_golden("resnet18_v1b_kinetics400", other.graph)
    with pytest.raises(NoReferenceError, match="this golden is missing: make it with"):
        graph_golden("nobody", drawn.graph)
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(golden_path("resnet18_v1b_kinetics400").read_bytes()[:-400])
    with pytest.raises(NoReferenceError, match="this is not a golden of a graph"):
        graph_golden("resnet18_v1b_kinetics400", drawn.graph, damaged)


@pytest.mark.exhaustive
def test_a_sample_of_an_output_stands_for_it_with_a_digest_of_all() -> None:
    drawn, golden = proven("alpha_pose_resnet101_v1b_coco")
    whole = golden.shapes()[0]
    assert golden.heads64[0].shape[1] < np.prod(whole)
    parity = verify_drawn(drawn, golden)
    assert parity.outputs[0].is_sampled and parity.outputs[0].shape == whole
    assert parity.outputs[0].map is None


def test_the_command_judges_tables_and_graphs_alike(tmp_path: Path) -> None:
    names = ("gluon_cifar_resnet20_v1", "gluon_resnet18_v1b_kinetics400")
    done = CliRunner().invoke(
        main, ["verify", "parity", *names, "--json", "--report", str(tmp_path / "report")]
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [model["model"] for model in found["models"]] == list(names)
    assert found["tasks"] == {
        "classification": {"passed": 1, "networks": 1},
        "action": {"passed": 1, "networks": 1},
    }
    page = (tmp_path / "report" / "index.html").read_text()
    assert "classification: 1 of 1, action: 1 of 1" in page
