"""What ``gluonport inspect`` says of a graph, alone and with parameters beside it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from convert.formats.params import MAGIC
from convert.formats.symbol import parse_symbol
from convert.graph_inspection import inspect_graph
from gluonport.commands.main import main
from tests.support.params_writer import dense, params
from tests.support.shared import SHARED, archived, need_shared, symbol_entries


def node(op: str, name: str, *inputs: int, **attrs: str) -> dict[str, Any]:
    return {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs], "attrs": attrs}


NODES = [
    node("null", "data"),
    node("null", "conv_weight"),
    node("Convolution", "conv", 0, 1, kernel="(3, 3)", num_filter="4", no_bias="True"),
    node("null", "bn_gamma"),
    node("null", "bn_beta"),
    node("null", "bn_moving_mean"),
    node("null", "bn_moving_var"),
    node("BatchNorm", "bn", 2, 3, 4, 5, 6, fix_gamma="False"),
    node("null", "fc_weight"),
    node("null", "fc_bias"),
    node("FullyConnected", "fc", 7, 8, 9, num_hidden="2"),
    node("null", "softmax_label"),
    node("SoftmaxOutput", "softmax", 10, 11),
]
SHAPES = {
    "arg:conv_weight": (4, 3, 3, 3),
    **{f"arg:bn_{leaf}": (4,) for leaf in ("gamma", "beta")},
    **{f"aux:bn_moving_{leaf}": (4,) for leaf in ("mean", "var")},
    "arg:fc_weight": (2, 144),
    "arg:fc_bias": (2,),
}


def symbol(nodes: list[dict[str, Any]]) -> bytes:
    version = {"mxnet_version": ["int", 10501]}
    top = {"arg_nodes": [], "heads": [[len(nodes) - 1, 0, 0]], "attrs": version}
    return json.dumps({"nodes": nodes, **top}).encode()


def weights(shapes: dict[str, tuple[int, ...]]) -> bytes:
    return params([dense(np.ones(shape, np.float32)) for shape in shapes.values()], list(shapes))


def graph_at(folder: Path, shapes: dict[str, tuple[int, ...]] | None = None) -> Path:
    (folder / "net-symbol.json").write_bytes(symbol(NODES))
    if shapes is not None:
        (folder / "net-0003.params").write_bytes(weights(shapes))
    return folder / "net-symbol.json"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


def test_a_graph_and_the_parameters_beside_it_are_described(tmp_path: Path) -> None:
    path = graph_at(tmp_path, SHAPES)
    done = run(path)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"file        {path}",
        "format      MXNet graph, written by 1.5.1",
        "nodes       13",
        "input       data (?, 3, ?, ?)",
        "label       softmax_label, for training alone",
        "output      softmax_output (?, 2)",
        "operators   1 Convolution, 1 BatchNorm, 1 FullyConnected, 1 SoftmaxOutput",
        f"parameters  {tmp_path}/net-0003.params (params-v2)",
        "present     7",
        "missing     none",
        "unused      none",
        "supported   every operator and attribute",
    ]


def test_the_same_is_one_json_object(tmp_path: Path) -> None:
    path = graph_at(tmp_path, SHAPES)
    found = json.loads(run(tmp_path, "--json", "--input", "data=1x3x8x8").output)
    assert found["file"] == str(path) and found["format"] == "mxnet-symbol"
    assert found["mxnet_version"] == "1.5.1" and found["nodes"] == 13
    assert found["inputs"] == [{"name": "data", "shape": [1, 3, 8, 8]}]
    assert [label["name"] for label in found["labels"]] == ["softmax_label"]
    assert found["outputs"] == [{"name": "softmax_output", "shape": [1, 2]}]
    assert found["operators"]["Convolution"] == 1
    assert found["parameters"] == {
        "file": f"{tmp_path}/net-0003.params",
        "format": "params-v2",
        "naming": "export",
        "present": 7,
        "missing": [],
        "unused": [],
    }
    assert (found["unsupported"], found["problems"], found["notes"]) == ([], [], [])


def test_missing_and_unused_parameters_are_named(tmp_path: Path) -> None:
    shapes = {**SHAPES, "arg:old_weight": (1,), "aux:old_mean": (1,)}
    del shapes["arg:fc_bias"], shapes["aux:bn_moving_var"]
    found = inspect_graph(str(graph_at(tmp_path, shapes)))
    assert found.missing == ["bn_moving_var", "fc_bias"]
    assert found.unused == ["arg:old_weight", "aux:old_mean"]
    assert list(found.inputs) == ["data"]
    lines = run(tmp_path).output.splitlines()
    assert "missing     2: bn_moving_var, fc_bias" in lines
    assert "unused      2: arg:old_weight, aux:old_mean" in lines


def test_a_graph_alone_is_described_with_a_note_on_its_parameters(tmp_path: Path) -> None:
    path = graph_at(tmp_path)
    found = inspect_graph(str(path))
    assert list(found.inputs) == ["data"] and list(found.labels) == ["softmax_label"]
    assert found.missing == [name.partition(":")[2] for name in SHAPES]
    (note,) = found.notes
    assert "there are no parameters beside the graph (net-0000.params)" in note
    assert "unused" not in run(path).output


def test_parameters_elsewhere_are_taken_by_their_option(tmp_path: Path) -> None:
    path = graph_at(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    elsewhere = tmp_path / "elsewhere" / "mine"
    elsewhere.write_bytes(weights(SHAPES))
    found = json.loads(run(path, "--params", elsewhere, "--json").output)
    assert found["parameters"]["file"] == str(elsewhere) and not found["parameters"]["missing"]
    absent = run(path, "--params", tmp_path / "absent")
    assert absent.exit_code == 1 and absent.stderr.startswith(f"error: {tmp_path}/absent: ")


def test_what_is_not_supported_is_named_with_counts_and_reasons(tmp_path: Path) -> None:
    nodes = [
        *NODES[:3],
        node("Custom", "mine", 2, op_type="mine"),
        node("Custom", "yours", 3, op_type="yours"),
        node("_contrib_quantized_conv", "small", 4),
        node("Pooling", "pool", 5, kernel="(2, 2)", pool_type="strange"),
        node("relu", "gone", 6),
    ]
    nodes.append(node("elemwise_add", "sum", 6, 7))
    path = tmp_path / "net-symbol.json"
    path.write_bytes(symbol(nodes))
    found = inspect_graph(str(path))
    assert [(u.operator, u.count, u.first) for u in found.unsupported] == [
        ("Custom", 2, "mine"),
        ("_contrib_quantized_conv", 1, "small"),
    ]
    assert "Python code" in found.unsupported[0].why and "int8" in found.unsupported[1].why
    assert len(found.problems) == 1 and "pool_type is 'strange'" in found.problems[0]
    lines = run(path).output.splitlines()
    assert lines[-3].startswith("unsupported Custom (2 x, first 'mine') is Python code")
    assert lines[-1].startswith("unsupported node 'pool' (Pooling): the attribute pool_type")


def test_digests_of_the_parameters_are_listed(tmp_path: Path) -> None:
    path = graph_at(tmp_path, SHAPES)
    rows = json.loads(run(path, "--json", "--digests").output)["digests"]
    assert [row["name"] for row in rows] == list(SHAPES)


def test_an_archive_is_described(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in (
            ("image-classification-symbol.json", symbol(NODES)),
            ("image-classification-0030.params", weights(SHAPES)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    path = tmp_path / "model.tar.gz"
    path.write_bytes(gzip.compress(packed.getvalue()))
    found = json.loads(run(path, "--json").output)
    assert found["file"] == f"{path}/image-classification-symbol.json"
    assert found["parameters"]["file"] == f"{path}/image-classification-0030.params"
    assert found["parameters"]["present"] == 7


def test_options_for_graphs_are_wrong_usage_for_a_checkpoint(tmp_path: Path) -> None:
    graph_at(tmp_path, SHAPES)
    done = run(tmp_path / "net-0003.params", "--input", "data=1x3x8x8")
    assert done.exit_code == 2 and "--params and --input are for graphs" in done.stderr
    done = run(tmp_path, "--input", "data=1x-3x8")
    assert done.exit_code == 2 and "expected NAME=SHAPE, as data=1x3x112x112" in done.stderr
    assert run(tmp_path / "net-0003.params").exit_code == 0


@pytest.mark.parametrize("data", [b"{", b"\x1f\x8b\x08\x00", MAGIC.to_bytes(8, "little")])
def test_a_damaged_source_is_one_error_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net-symbol.json"
    path.write_bytes(data)
    done = run(path)
    assert done.exit_code == 1 and done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_trained_network_of_the_catalogue_is_recognised_by_its_table() -> None:
    need_shared("real/cifar_resnet20_v1-symbol.json")
    found = inspect_graph(str(SHARED / "real" / "cifar_resnet20_v1"))
    assert found.models == ("gluon_cifar_resnet20_v1",)
    assert not found.missing and not found.unused and not found.unsupported


def test_the_real_graphs_with_parameters_have_the_inputs_that_their_manifest_says(
    tmp_path: Path,
) -> None:
    need_shared()
    symbols, files = archived("symbols.tar.xz"), archived("params.tar.xz")
    for entry in symbol_entries():
        name = entry["name"]
        if name not in files:
            continue
        (tmp_path / f"{name}.json").write_bytes(symbols[name])
        (tmp_path / f"{name}.params").write_bytes(files[name])
        found = inspect_graph(str(tmp_path / f"{name}.json"))
        assert found.checkpoint is not None and found.checkpoint.path.stem == name
        assert not found.missing, name
        taken = {*found.inputs, *found.labels}  # one file holds an input too
        assert taken == set(entry["inputs_not_params"]) - found.held.keys(), name
        assert found.graph == parse_symbol(symbols[name], name)
