"""``verify parity graph``: a converted graph against MXNet running it, and by its operators."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file

from architectures.graph.graph import Graph, Node, NodeEntry
from convert.formats import Array
from convert.formats.symbol import symbol_json
from gluonport.commands.main import main
from tests.faults.graph_faults import port
from tests.faults.graphs import RightGraph, recurrent
from verify.parity.graphs import graph_parity
from verify.parity.graphs.graph_criteria import Compared32, graph_arithmetic
from verify.parity.graphs.graph_live import verify_live
from verify.parity.graphs.graph_nodes import NodeError
from verify.parity.graphs.graph_weak import beyond_rounding
from verify.parity.result import Parity


def gluonport(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def write(right: RightGraph, folder: Path) -> Path:
    """The graph's file, with its parameters beside it."""
    symbol = folder / "net-symbol.json"
    symbol.write_text(json.dumps(symbol_json(right.graph)))
    tensors: dict[str, Any] = dict(right.tensors)
    np.savez(folder / "net.npz", **tensors)
    return symbol


def judged(right: RightGraph, folder: Path, change: float = 1.0) -> Parity:
    """The live verdict on a port whose first weight is multiplied."""
    network = port(right)
    with torch.no_grad():
        for values in list(network.parameters())[:1]:
            values.mul_(change)
    return verify_live("net", network, write(right, folder), right.tensors, right.inputs)


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a converted graph: ``net-symbol.json``, ``net.npz``, ``out.safetensors``."""
    folder = tmp_path_factory.mktemp("converted")
    symbol = write(recurrent(), folder)
    files = ("--from", symbol, "--params", folder / "net.npz")
    done = gluonport("convert", "graph", folder / "out.safetensors", *files)
    assert done.exit_code == 0, done.stderr
    return folder


SHAPES = [
    *("--input", "tokens=6x2", "--input", "h=1x2x3", "--input", "c=1x2x3"),
    *("--input", "lengths=2"),
]


def test_the_live_verdict_stands_on_the_network(converted: Path) -> None:
    target = converted / "out.safetensors"
    live = ("--reference", "live", "--report", converted / "report", *SHAPES)
    done = gluonport("verify", "parity", "graph", "--checkpoint", target, *live)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("PASS  graph (live, on the network)")
    record = json.loads((converted / "out.parity.json").read_text())
    assert record["passed"] and record["leg"] == "network"
    names = [criterion["name"] for criterion in record["criteria"]]
    assert names == ["values", "inputs", "structure", "arithmetic", "evidence", "layers"]
    assert [layer["source"] for layer in record["layers"]] == ["embed", "rnn", "last", "fc"]
    page = (converted / "report" / "index.html").read_text()
    assert "The port computes what MXNet computes from the very graph." in page


def test_without_mxnet_the_verdict_stands_on_the_operators(converted: Path) -> None:
    """The provenance says that the checkpoint came from a graph: no name is needed."""
    done = gluonport("verify", "parity", "--checkpoint", converted / "out.safetensors", "--json")
    assert done.exit_code == 0, done.stderr
    (verdict,) = json.loads(done.stdout)["models"]
    assert (verdict["leg"], verdict["reference"]) == ("operators", "golden")
    assert [criterion["name"] for criterion in verdict["criteria"]] == ["values", "operators"]


def test_a_shape_that_is_not_known_is_asked_for_with_an_example(converted: Path) -> None:
    target = converted / "out.safetensors"
    done = gluonport("verify", "parity", "graph", "--checkpoint", target, "--reference", "live")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "for example --input tokens=" in done.stderr


def test_values_of_another_file_do_not_pass(converted: Path, tmp_path: Path) -> None:
    for name in ("net-symbol.json", "net.npz", "out.provenance.json"):
        (tmp_path / name).write_bytes((converted / name).read_bytes())
    state = load_file(converted / "out.safetensors")
    name = next(name for name in state if name.endswith("weight"))
    state[name] = np.nextafter(state[name], np.float32(9))
    save_file(state, tmp_path / "out.safetensors")
    done = gluonport("verify", "parity", "graph", "--checkpoint", tmp_path / "out.safetensors")
    assert done.exit_code == 1
    assert f"values: 1 of {len(state)} tensors are not the source's" in done.stderr
    assert name.rpartition(".")[0] in done.stderr


@pytest.mark.exhaustive
def test_the_source_is_found_by_its_hash_and_no_other_file_is_taken(
    converted: Path, tmp_path: Path
) -> None:
    """The graph and its parameters moved; one of them was edited."""
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("out.safetensors", "out.provenance.json"):
        (tmp_path / name).write_bytes((converted / name).read_bytes())
    record = json.loads((tmp_path / "out.provenance.json").read_text())
    record |= {"symbol": "/nowhere/net-symbol.json", "source": "/nowhere/net.npz"}
    (tmp_path / "out.provenance.json").write_text(json.dumps(record))
    verify = ("verify", "parity", "--checkpoint", tmp_path / "out.safetensors")
    lost = gluonport(*verify)
    assert lost.exit_code == 1 and "--from SOURCE" in lost.stderr
    (moved / "renamed.npz").write_bytes((converted / "net.npz").read_bytes())
    found = gluonport(*verify, "--from", moved)
    assert found.exit_code == 0, found.stderr
    (moved / "net-symbol.json").write_text((converted / "net-symbol.json").read_text() + " ")
    edited = gluonport(*verify, "--from", moved, "--reference", "live", *SHAPES)
    assert edited.exit_code == 1
    assert "the graph that it was converted from" in edited.stderr


def small(*nodes: Node, head: int, data: Array, **tensors: Array) -> RightGraph:
    graph = Graph(nodes, (NodeEntry(head),), 10901)
    return RightGraph("small", graph, tensors, {"data": data.astype(np.float32)})


DATA = np.random.RandomState(0).standard_normal((4, 1, 3, 5, 5))
WEIGHT = np.random.RandomState(1).standard_normal((4, 3, 3, 3)).astype(np.float32) / 5
OVER_ALL = {"axis": "(1, 2, 3)", "keepdims": "True"}
CONVOLUTION = (
    Node(None, "data"),
    Node(None, "weight"),
    Node(
        "Convolution",
        "conv",
        (NodeEntry(0), NodeEntry(1)),
        {"kernel": "(3, 3)", "num_filter": "4", "no_bias": "True"},
    ),
)


def test_where_mxnet_has_float32_alone_the_verdict_says_that_it_is_weaker(tmp_path: Path) -> None:
    softmax = Node("SoftmaxActivation", "softmax", (NodeEntry(2),))
    right = small(*CONVOLUTION, softmax, head=3, data=DATA, weight=WEIGHT)
    parity = judged(right, tmp_path)
    assert parity.passed, parity.failure()
    assert parity.criterion("structure") is None
    arithmetic = parity.criterion("arithmetic")
    assert arithmetic is not None and "the weaker proof" in arithmetic.detail
    wrong = judged(right, tmp_path, change=1.001)
    assert not wrong.passed
    assert wrong.finding is not None and wrong.finding.block == "conv"


def test_a_state_of_a_batch_that_mxnet_infers_and_a_log_softmax_pass(tmp_path: Path) -> None:
    """The first state of a recurrent layer is made of one row, which broadcasts; MXNet's float32
    log_softmax is many times less exact than float32 allows. ``cumsum`` makes no graph numpy's."""
    right = small(
        Node(None, "data"),
        Node(None, "weight"),
        Node("_zeros", "state", (), {"shape": "(0, 6)"}),
        Node(
            "FullyConnected",
            "h2h",
            (NodeEntry(2), NodeEntry(1)),
            {"num_hidden": "6", "no_bias": "True"},
        ),
        Node("elemwise_add", "out", (NodeEntry(0), NodeEntry(3))),
        Node("_np_cumsum", "sums", (NodeEntry(4),), {"axis": "1"}),
        Node("log_softmax", "chances", (NodeEntry(5),)),
        head=6,
        data=np.random.RandomState(0).uniform(-2, 2, (4, 3, 6)),
        weight=np.random.RandomState(1).uniform(-1, 1, (6, 6)),
    )
    parity = judged(right, tmp_path)
    assert parity.passed, parity.failure()
    assert {layer.source for layer in parity.layers} >= {"state", "h2h"}


def test_what_mxnet_takes_the_shape_of_alone_is_not_compared(tmp_path: Path) -> None:
    """MXNet does not compute such a node, and its memory holds other numbers."""
    right = small(
        Node(None, "data"),
        Node("square", "squared", (NodeEntry(0),)),
        Node("reshape_like", "reshaped", (NodeEntry(0), NodeEntry(1))),
        Node(None, "weight"),
        Node("broadcast_mul", "scaled", (NodeEntry(2), NodeEntry(3))),
        Node("relu", "rectified", (NodeEntry(0),)),
        Node("_contrib_arange_like", "places", (NodeEntry(5),), {"axis": "1"}),
        Node("broadcast_add", "out", (NodeEntry(4), NodeEntry(6))),
        head=7,
        data=np.random.RandomState(0).uniform(-2, 2, (4, 6, 6)),
        weight=np.random.RandomState(1).uniform(-1, 1, (1, 6)).astype(np.float32),
    )
    parity = judged(right, tmp_path)
    assert parity.passed, parity.failure()
    compared = {layer.source for layer in parity.layers}
    assert compared >= {"places", "scaled"} and not compared & {"rectified", "squared"}


def test_a_network_that_fails_at_its_second_case_gets_a_verdict(tmp_path: Path) -> None:
    """What fed a discrete step is known of the first case alone."""
    right = small(
        *CONVOLUTION,
        Node("argmax", "best", (NodeEntry(2),), {"axis": "1"}),
        head=3,
        data=DATA,
        weight=WEIGHT,
    )
    network = port(right)
    calls = 0

    def failing(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise RuntimeError("no more")
        return run(*arguments, **options)

    run, network.run = network.run, failing  # type: ignore[method-assign]
    parity = verify_live("net", network, write(right, tmp_path), right.tensors, right.inputs)
    assert not parity.passed and "no more" in parity.failure()


def test_an_output_that_is_a_view_of_a_parameter_is_compared(tmp_path: Path) -> None:
    right = small(
        Node(None, "data"),
        Node(None, "weight"),
        Node("broadcast_like", "rows", (NodeEntry(1), NodeEntry(0))),
        head=2,
        data=np.random.RandomState(0).uniform(-2, 2, (4, 3, 6)),
        weight=np.random.RandomState(1).uniform(-1, 1, (1, 6)).astype(np.float32),
    )
    parity = judged(right, tmp_path)
    failed = {criterion.name for criterion in parity.criteria if not criterion.passed}
    # It is the same for every case, and exact: there is no rounding to compare.
    assert failed <= {"arithmetic", "evidence"}, parity.failure()


@pytest.mark.exhaustive
@pytest.mark.parametrize("times", [1, 7])
@pytest.mark.parametrize("at_once", [1, graph_parity.AT_ONCE])
def test_nodes_that_only_amplify_rounding_are_judged_on_mxnets_own_inputs(
    times: int, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference of two sums in another order is rounding alone, and its sign is chance."""
    monkeypatch.setattr(graph_parity, "AT_ONCE", at_once)
    nodes, last = list(CONVOLUTION), 2
    for time in range(times):
        first = last + 1
        nodes += [
            Node("sum", f"sum{time}", (NodeEntry(last),), OVER_ALL),
            Node("mean", f"mean{time}", (NodeEntry(last),), OVER_ALL),
            Node("_mul_scalar", f"again{time}", (NodeEntry(first + 1),), {"scalar": "36.0"}),
            Node("elemwise_sub", f"rounding{time}", (NodeEntry(first), NodeEntry(first + 2))),
            Node("sign", f"chance{time}", (NodeEntry(first + 3),)),
            Node("broadcast_add", f"out{time}", (NodeEntry(last), NodeEntry(first + 4))),
        ]
        last = first + 5
    right = small(*nodes, head=last, data=DATA, weight=WEIGHT)
    parity = judged(right, tmp_path)
    structure, layers = parity.criterion("structure"), parity.criterion("layers")
    assert structure is not None and layers is not None
    assert structure.passed and layers.passed, parity.failure()
    assert "on the source's own inputs" in structure.detail
    wrong = judged(right, tmp_path, change=1.0 + 1e-6)
    assert wrong.finding is not None and wrong.finding.block == "conv"


@pytest.mark.exhaustive
def test_regions_of_no_image_are_zero_whatever_mxnets_memory_held(tmp_path: Path) -> None:
    """On the CPU MXNet leaves the memory of such a region as the nodes before left it."""
    chain = [
        Node("exp" if i % 2 else "negative", f"e{i}", (NodeEntry(i + 1),)) for i in range(1, 7)
    ]
    nodes = (
        Node(None, "data"),
        Node(None, "regions"),
        Node("negative", "e0", (NodeEntry(0),)),
        *chain,
        Node(
            "_contrib_ROIAlign",
            "align",
            (NodeEntry(8), NodeEntry(1)),
            {"pooled_size": "(5, 5)", "spatial_scale": "1.0", "sample_ratio": "2"},
        ),
    )
    data = np.random.RandomState(0).standard_normal((1, 4, 3, 5, 5)).astype(np.float32)
    regions = np.array([[[2, 0, 0, 4, 4], [-1] * 5, [-1] * 5, [0, 1, 1, 3, 4]]], np.float32)
    graph = Graph(nodes, (NodeEntry(9),), 10901)
    right = RightGraph("net", graph, {}, {"data": data, "regions": regions})
    parity = judged(right, tmp_path)
    structure, layers = parity.criterion("structure"), parity.criterion("layers")
    assert structure is not None and layers is not None
    assert structure.passed and layers.passed, parity.failure()
    assert parity.about["rewrites"] == ["ROIAlign gives zeros for regions of no image in 1 nodes"]


def test_a_network_that_gives_nothing_to_compare_does_not_pass(tmp_path: Path) -> None:
    right = small(*CONVOLUTION, head=2, data=DATA * 0, weight=WEIGHT)
    evidence = judged(right, tmp_path).criterion("evidence")
    assert evidence is not None and not evidence.passed
    assert "no output varies" in evidence.detail


def test_a_verdict_comes_back_from_its_json() -> None:
    verdict = Parity("graph", "live", 2, (), None, leg="network")
    assert Parity.from_json(verdict.as_json()) == verdict
    older = replace(verdict, leg=None).as_json()
    assert "leg" not in older and Parity.from_json(older).leg is None


@pytest.mark.exhaustive
def test_a_graph_in_an_archive_is_found_in_it_and_run_by_mxnet(
    converted: Path, tmp_path: Path
) -> None:
    """By the provenance, and by the archive at another place."""
    archive, out = tmp_path / "model.tar.gz", tmp_path / "out.safetensors"
    with tarfile.open(archive, "w:gz") as packed:
        for name, inside in (
            ("net-symbol.json", "net-symbol.json"),
            ("net.npz", "net-0000.params"),
        ):
            packed.add(converted / name, inside)
    done = gluonport("convert", "graph", out, "--from", archive)
    assert done.exit_code == 0, done.stderr
    checked = ("verify", "parity", "graph", "--checkpoint", out)
    done = gluonport(*checked, "--reference", "live", *SHAPES)
    assert done.exit_code == 0, done.stdout + done.stderr
    archive.rename(tmp_path / "moved.tar.gz")
    done = gluonport(*checked)
    assert done.exit_code == 1 and "is not where its provenance says" in done.stderr
    done = gluonport(*checked, "--from", tmp_path / "moved.tar.gz")
    assert done.exit_code == 0, done.stderr


def test_rounding_that_one_nodes_sums_show_by_chance_is_no_fault() -> None:
    """A Reshape computes nothing, and its digests sum the same numbers in other groups."""
    nodes = (
        Node(None, "data"),
        Node("Convolution", "conv", (NodeEntry(0),)),
        Node("Reshape", "reshape", (NodeEntry(1),)),
        Node("relu", "relu", (NodeEntry(2),)),
    )
    graph = Graph(nodes, (NodeEntry(3),), 10901)
    conv = NodeError(1, None, None, port32=1.3e-6, source32=8.1e-7)
    reshape = NodeError(2, None, None, port32=1.4e-7, source32=3.1e-6)
    wrong = NodeError(3, None, None, port32=1.4e-7, source32=1e-3)
    assert beyond_rounding([conv, reshape, wrong], graph) == [wrong]


def test_a_port_may_be_exact_where_float32_holds_the_answer() -> None:
    """The normalisation of equal numbers is beta; MXNet's float32 misses it."""
    exact = np.full((8, 4), 0.25)
    theirs = (exact + np.random.RandomState(0).uniform(-1, 1, (8, 4)) / 1e6).astype(np.float32)
    found = graph_arithmetic([Compared32("output", exact, theirs, exact.astype(np.float32))])
    assert found.passed, found.detail
    inexact = exact + 0.01
    nearest = graph_arithmetic([Compared32("output", inexact, theirs, inexact)])
    assert not nearest.passed  # float32 does not hold it, so it was not computed in float32


def test_the_errors_of_few_likely_classes_are_few_however_many_there_are() -> None:
    """Of a softmax over thousands of classes, whose errors are those of the likely ones."""
    random = np.random.RandomState(0)
    exact = np.full((8, 5000), 1e-6)
    exact[:, 0] = 0.7
    size = np.where(exact > 0.5, 1e-7, 1e-14)
    theirs, ours = (exact + size * random.standard_normal(exact.shape) for _ in range(2))
    ours = exact + 2.5 * (ours - exact)
    assert graph_arithmetic([Compared32("output", exact, theirs, ours)]).passed
    even = np.where(exact > 0, 1e-7, 0)
    theirs, ours = (exact + even * random.standard_normal(exact.shape) for _ in range(2))
    found = graph_arithmetic([Compared32("output", exact, theirs, exact + 2.5 * (ours - exact))])
    assert not found.passed and isinstance(found.limit, tuple) and found.limit[1] == 2.0


def test_the_weaker_proof_lets_outputs_differ_as_nodes_may() -> None:
    random = np.random.RandomState(0)
    exact = random.uniform(0.1, 1, (8, 500))
    ours = exact + 1e-6 * random.standard_normal(exact.shape)
    for times, passes in ((15, True), (25, False)):
        theirs = exact + times * 1e-6 * random.standard_normal(exact.shape)
        assert graph_arithmetic([Compared32("out", exact, theirs, ours)], "no").passed is passes
