"""Which model's network computes what a graph computes: other people's graphs judge."""

from __future__ import annotations

import os
import tarfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from architectures import MODELS, Model, find_model
from architectures.graph.graph import Graph
from convert.computed import OUTPUT, computation
from convert.fit import all_fits
from convert.formats import Checkpoint, Tensor
from convert.formats.symbol import parse_symbol
from convert.graph_agreement import disagreement, layers_of, packaged
from mappings.naming import recognise

SHARED = Path(os.environ.get("GLUONPORT_SHARED", Path(__file__).parents[2] / "shared"))
SYMBOLS = SHARED / "symbols" / "symbols.tar.xz"
REAL = {
    "resnet18-miraclewkf": "module_resnet18",
    "rn101-5k500-geo": "module_resnet101",
    "resnet152-brizzi": "module_resnet152",
    "webdata-resnet152": "module_resnet152_11k",
}
needs_symbols = pytest.mark.skipif(
    not SYMBOLS.exists(), reason="the folder of shared data is not here"
)


@cache
def real(name: str) -> Graph:
    """A published graph."""
    with tarfile.open(SYMBOLS) as archive:
        for member in archive:
            if Path(member.name).name == f"{name}.json":
                file = archive.extractfile(member)
                assert file is not None
                return parse_symbol(file.read(), Path(name))
    raise LookupError(name)


@needs_symbols
@pytest.mark.parametrize("name", REAL)
def test_graphs_that_other_people_published_compute_what_the_model_computes(name: str) -> None:
    model, graph = find_model(REAL[name]), real(name)
    assert computation(graph, layers_of(graph, model.table)) == packaged(model)


@needs_symbols
def test_a_graph_tells_which_of_two_models_with_the_same_flat_names_it_is() -> None:
    """A shortcut of a v1d begins with a pooling, which has no parameters."""
    graph, model = real("djl-resnet152-v1d"), find_model("gluon_resnet152_v1d")
    names = recognise([node.name for _, node in graph.variables], model.table).names
    accepted = model.table.accepted
    sized = model.sized()
    shapes = {n: sized[accepted[s]] for n, s in names.items() if s in accepted}
    checkpoint = Checkpoint(
        Path("net.params"),
        "params-v2",
        True,
        tuple(
            Tensor(name, shape, "float32", "dense", 0, lambda shape=shape: np.ones(shape))
            for name, shape in shapes.items()
        ),
    )
    differs = {
        found.model.name: disagreement(graph, checkpoint, found) for found in all_fits(checkpoint)
    }
    assert differs.keys() == {"gluon_resnet152_v1c", "gluon_resnet152_v1d"}
    assert differs["gluon_resnet152_v1d"] is None
    assert "_down1_conv0_fwd' takes avg-pool(" in str(differs["gluon_resnet152_v1c"])


def test_the_packaged_computations_are_of_every_model_that_mxnet_can_trace() -> None:
    without = [
        model.name
        for model in MODELS
        if model.source.framework in ("gluoncv", "mxnet") and packaged(model) is None
    ]
    assert without == ["gluon_resnet50_v1b_gn", "gluon_resnet101_v1b_gn"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_packaged_computation_has_every_layer_of_the_table(model: Model) -> None:
    """Without a layer no graph would ever agree, and the table would never be taken."""
    layers = {target.rpartition(".")[0] for target in model.table.accepted.values()}
    if found := packaged(model):
        assert {name for name in found if not name.startswith("@")} == layers | {OUTPUT}
