"""Names of tensors are matched with the variables of a graph, for the networks of MXNet's zoo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from architectures.graph.graph import Graph
from convert.formats.symbol import open_symbol
from convert.graph_names import match_names
from mappings.errors import ReconcileError
from tests.support.mxnet_scripts import in_mxnet

SCRIPT = Path(__file__).parents[1] / "scripts" / "export_zoo.py"
FEW = ("resnet18_v1", "resnet50_v2", "mobilenetv2_0.25", "densenet121", "inceptionv3")
ZOO = [f"resnet{n}_v{v}" for n in (18, 34, 50, 101, 152) for v in (1, 2)]
ZOO += [f"vgg{n}{norm}" for n in (11, 13, 16, 19) for norm in ("", "_bn")]
ZOO += [f"mobilenet{v}{n}" for v in ("", "v2_") for n in ("1.0", "0.75", "0.5", "0.25")]
ZOO += [f"densenet{n}" for n in (121, 161, 169, 201)]
ZOO += ["alexnet", "squeezenet1.0", "squeezenet1.1", "inceptionv3"]


def exported(folder: Path, names: list[str]) -> list[tuple[Graph, dict[str, Any]]]:
    """Each network's graph, and what MXNet says of its parameters."""
    in_mxnet(SCRIPT, folder, *names)
    return [
        (open_symbol(folder / f"{n}-symbol.json"), json.loads((folder / f"{n}.json").read_text()))
        for n in names
    ]


def check(graph: Graph, about: Mapping[str, Any]) -> None:
    """Every naming that MXNet writes is matched with the right variables."""
    shapes = {name: tuple(shape) for name, shape in about["parameters"].items()}
    states = ("running_mean", "running_var")
    prefix = next(iter(shapes)).partition("_")[0] + "_"
    structural = {flat: name for name, flat in about["structural"].items()}
    assert structural.keys() == shapes.keys()
    namings = {
        "structural": structural,
        "export": {n: f"{'aux' if n.endswith(states) else 'arg'}:{n}" for n in shapes},
        "prefixed": {name: name for name in shapes},
        "another prefix": {name: f"net7_{name.removeprefix(prefix)}" for name in shapes},
        "stripped": {name: name.removeprefix(prefix) for name in shapes},
    }
    for scheme, names in namings.items():
        shuffled = sorted(names.items(), key=lambda pair: hash(pair) % 97)
        held = {name: shapes[variable] for variable, name in shuffled}
        found = match_names(graph, held)
        assert found.variables == names, f"{about['name']}: {scheme}"
        assert found.scheme == {"another prefix": "prefixed"}.get(scheme, scheme)


def test_every_naming_of_gluon_is_matched_with_the_graph(tmp_path: Path) -> None:
    for graph, about in exported(tmp_path, [f"mxnet-{name}" for name in FEW]):
        check(graph, about)


@pytest.mark.exhaustive
def test_every_naming_of_the_34_networks_of_mxnet_is_matched(tmp_path: Path) -> None:
    assert len(ZOO) == 34
    for graph, about in exported(tmp_path, [f"mxnet-{name}" for name in ZOO]):
        check(graph, about)


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, dict[str, Any]]:
    return exported(tmp_path_factory.mktemp("resnet"), ["mxnet-resnet18_v1"])[0]


def structural(about: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(about["parameters"][flat]) for name, flat in about["structural"].items()}


def test_structural_names_of_another_network_are_refused(
    resnet: tuple[Graph, dict[str, Any]],
) -> None:
    graph, about = resnet
    held = structural(about)
    held["output.weight"] = (1000, 511)
    with pytest.raises(ReconcileError, match="in no order"):
        match_names(graph, held)
    del held["output.weight"], held["output.bias"]
    with pytest.raises(ReconcileError, match=r"has 40 layers .* the graph 41"):
        match_names(graph, held)


def test_names_that_say_nothing_are_refused(resnet: tuple[Graph, dict[str, Any]]) -> None:
    graph, about = resnet
    letters = str.maketrans("0123456789", "zyxwvutsrq")
    held = {name.translate(letters): shape for name, shape in structural(about).items()}
    with pytest.raises(ReconcileError, match="nothing says which: export the network again"):
        match_names(graph, held)


def test_names_of_no_variable_are_refused(resnet: tuple[Graph, dict[str, Any]]) -> None:
    with pytest.raises(ReconcileError, match="no tensor of the file has the name"):
        match_names(resnet[0], {"kernel": (3, 3)})
