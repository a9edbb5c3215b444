"""Real graphs that other people wrote convert and agree with MXNet, or are refused as MXNet does.

They are read where they lie: ``GLUONPORT_SHARED``, or the folder ``shared`` beside the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch

from architectures.graph.assemble import assemble
from architectures.graph.filled import filled
from architectures.graph.stored import StoredTensor
from convert.formats import open_checkpoint
from convert.formats.graph_checkpoint import variable_name
from convert.formats.symbol import open_symbol
from mappings.errors import GraphError
from verify.parity.graphs.graph_live import verify_live
from verify.reference.graph_inputs import graph_inputs

SHARED = Path(os.environ.get("GLUONPORT_SHARED", Path(__file__).parents[2] / "shared")) / "symbols"
EXPORT = Path(__file__).parents[1] / "scripts" / "export_zoo.py"
QUICK = 0.15
"""Seconds that MXNet takes for a graph that is quick to judge; the others take hours in all."""
HANDFUL = ("mtcnn-det2", "rnn-lstm-fused", "fm-cluster")
UNJUDGED = {
    "charlstm-obama-param": "MXNet infers no shapes of parameters from the manifest's inputs",
    "charlstm-obama-attr": "MXNet infers no shapes of parameters from the manifest's inputs",
}
"""Graphs that have no answer of MXNet's to compare with, and why."""
UNSUPPORTED = ("MoonOutput", "QConvolution", "QConvolution_v1", "QActivation", "QFullyConnected")
LIST = json.loads((SHARED / "MANIFEST.json").read_text()) if SHARED.is_dir() else []

pytestmark = pytest.mark.skipif(not LIST, reason="the real graphs are not beside the checkout")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with NAME.json of every graph, and NAME.params of some."""
    folder = tmp_path_factory.mktemp("symbols")
    for name in ("symbols", "params"):
        with tarfile.open(SHARED / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


def marks(entry: dict[str, Any]) -> Any:
    if entry["name"] in HANDFUL:
        return ()
    quick = entry["mxnet_191"]["forward_seconds"] <= QUICK
    return pytest.mark.exhaustive if quick else pytest.mark.large_graphs


def running() -> list[Any]:
    """The manifest's graphs that MXNet runs, but those of int8."""
    return [
        pytest.param(entry, id=entry["name"], marks=marks(entry))
        for entry in LIST
        if entry["mxnet_191"]["forward"] == "ok"
        and entry["name"] not in UNJUDGED
        and not any("quantize" in op or op.startswith("_sg_") for op in entry["operators"])
    ]


@pytest.mark.parametrize("entry", running())
def test_a_real_graph_converts_and_agrees_with_mxnet(
    entry: dict[str, Any], files: Path, tmp_path: Path
) -> None:
    symbol, params = files / f"{entry['name']}.json", files / f"{entry['name']}.params"
    shapes = entry["mxnet_191"].get("input_shapes") or entry["mxnet_191"]["data_shape"]
    if not params.exists():
        drawn = ["uv", "run", "-q", "--script", str(EXPORT), str(tmp_path), str(symbol)]
        for name, shape in shapes.items():
            drawn += ["--input", f"{name}={'x'.join(map(str, shape))}"]
        subprocess.run(drawn, check=True, capture_output=True)
        params = tmp_path / f"{entry['name']}-0000.params"
    graph = open_symbol(symbol)
    tensors = {
        variable_name(tensor.name): tensor
        for tensor in open_checkpoint(params).tensors
        if variable_name(tensor.name) not in shapes
    }
    stored = {name: StoredTensor(t.shape, str(t.dtype)) for name, t in tensors.items()}
    plan = assemble(graph, stored, {name: tuple(shape) for name, shape in shapes.items()})
    state = {
        target: torch.ones(tensors[own].shape)
        if target in plan.ones
        else torch.from_numpy(tensors[own].copy())
        for target, own in plan.table.sources.items()
    }
    network = filled(plan, state)
    wanted = {graph.nodes[taken.node].name for taken in plan.inputs}
    arrays = {name: tensor.copy() for name, tensor in tensors.items()}
    sizes = {name: tuple(shape) for name, shape in shapes.items() if name in wanted}
    parity = verify_live(entry["name"], network, symbol, params, graph_inputs(plan, sizes, arrays))
    failed = [c for c in parity.criteria if not c.passed and c.name != "evidence"]
    assert not failed, parity.failure()


@pytest.mark.parametrize(
    "entry",
    [entry for entry in LIST if set(entry["operators"]) & set(UNSUPPORTED)],
    ids=lambda entry: entry["name"],
)
def test_a_graph_that_mxnet_does_not_load_is_refused_by_its_operators(
    entry: dict[str, Any], files: Path
) -> None:
    assert entry["mxnet_191"]["load"] == "failed"
    graph = open_symbol(files / f"{entry['name']}.json")
    with pytest.raises(GraphError, match=r"the operator (Moon|Q)") as refused:
        assemble(graph, {})
    found = [op for op in UNSUPPORTED if f"operator {op} " in str(refused.value)]
    assert found and set(found) <= set(entry["operators"])


def test_graphs_of_int8_are_refused_by_their_operators(files: Path) -> None:
    found = [e for e in LIST if any("quantize" in op for op in e["operators"])]
    assert len(found) == 6
    for entry in found:
        with pytest.raises(GraphError, match="computes in int8: convert the float model"):
            assemble(open_symbol(files / f"{entry['name']}.json"), {})
