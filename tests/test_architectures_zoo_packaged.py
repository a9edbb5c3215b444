"""The packaged graphs of the model zoos, and the stores' files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from architectures import GraphRecord, Model, find_model, find_network
from architectures.catalogue.class_template import expand
from architectures.catalogue.holdings import everything
from architectures.catalogue.packaged_graph import graph_index, packaged_graph
from architectures.catalogue.stored_file import file_of, stored_files
from architectures.graph.assemble import assemble
from architectures.graph.stored import StoredTensor
from convert.formats.symbol import parse_symbol
from mappings.errors import GluonportError, GraphError
from scripts.make_zoo_page import page
from scripts.zoo_graphs.fit_classes import NoFit, fit_template
from tests.support.shared import SHARED

MIB = 1 << 20


def graph(classes: int) -> dict[str, object]:
    """A graph whose number of nodes depends on the number of classes, as that of an SSD does."""
    cut = [
        {"op": "slice_axis", "name": f"cut{i}", "attrs": {"begin": str(i)}} for i in range(classes)
    ]
    return {
        "nodes": [
            {"op": "conv", "name": "conv0", "attrs": {"num_filter": str(4 * (classes + 1))}},
            *cut,
            {"op": "Concat", "name": "all", "inputs": [[1 + i, 0, 0] for i in range(classes)]},
        ],
        "heads": [[classes + 1, 0, 0]],
    }


def test_a_template_of_two_numbers_of_classes_gives_every_other_number() -> None:
    template = fit_template({3: graph(3), 5: graph(5)})
    for classes in (1, 2, 20, 80):
        assert expand(template, classes) == graph(classes)


def test_what_classes_do_not_explain_has_no_template() -> None:
    other = {**graph(5), "more": 1}
    with pytest.raises(NoFit):
        fit_template({3: graph(3), 5: other})
    with pytest.raises(NoFit):
        fit_template({3: graph(3), 5: graph(5)}, (20, graph(21)))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published facts are not here")
def test_every_stored_hash_is_known_and_has_its_own_name() -> None:
    facts = json.loads((SHARED / "facts" / "gluon_store.json").read_text())
    names = [file.name for file in stored_files()]
    assert len(names) == len(set(names))
    for prefix, store in (
        ("gluon_", "gluoncv 0.10.5"),
        ("mxnet_", "mxnet 1.9.1"),
    ):
        for name, sha1 in facts["stores"][store].items():
            (file,) = [file for file in stored_files() if file.name == prefix + name]
            assert file.sha1 == sha1
    for sha1 in facts["stores"]["mxnet, git 159e37656d (2017)"].values():
        assert file_of(sha1) is not None


def test_a_figure_that_prints_a_hash_belongs_to_the_file_of_this_hash() -> None:
    for file in stored_files():
        for figure in file.figures:
            assert figure.weights is None or file.sha1.startswith(figure.weights)


def test_whose_weights_they_were_belongs_to_the_hash_and_is_said_alike_everywhere() -> None:
    for one in everything():
        if one.file and one.model:
            said = file_of(one.file.sha1)
            were = one.file.converted_from_torchvision
            assert said and said.converted_from_torchvision == were, one.name
            whose = find_model(one.name).source.converted_from
            assert were == (whose == "torchvision"), one.name


def test_other_weights_of_a_network_take_its_table_and_have_their_own_figures() -> None:
    other, own = find_model("mxnet_resnet50_v1"), find_model("gluon_resnet50_v1")
    assert other.shapes == own.shapes and other.table.digest == own.table.digest
    assert other.source.sha1 != own.source.sha1
    assert other.figure("gluon") != own.figure("gluon")
    assert find_model("resnet50_v1-0aee57f9") == other
    assert find_model("mxnet_resnet18_v1").source.sha1 == find_model("resnet18_v1").source.sha1


def test_a_table_is_preferred_to_a_graph_and_a_graph_says_that_it_is_one() -> None:
    assert isinstance(find_network("resnet50_v1"), Model)
    found = find_network("ssd_512_mobilenet1.0_voc")
    assert isinstance(found, GraphRecord) and found.name == "gluon_ssd_512_mobilenet1.0_voc"
    with pytest.raises(GluonportError, match="converted by its graph"):
        find_model("gluon_ssd_512_mobilenet1.0_voc")


def test_no_network_with_a_table_is_packaged() -> None:
    assert all(one.route != "graph" or one.model is None for one in everything())
    tables = {one.network for one in everything() if one.route == "table"}
    assert not tables & graph_index().keys()


def test_the_package_is_small() -> None:
    folder = Path("architectures", "zoo")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 3 * MIB


def test_a_graph_is_read_with_its_tensors() -> None:
    found = packaged_graph("ssd_512_mobilenet1.0_voc")
    symbol = json.loads(found.symbol())
    variables = {node["name"] for node in symbol["nodes"] if node["op"] == "null"}
    assert variables - {"data"} <= {tensor.own for tensor in found.tensors()}


def test_int8_is_refused_with_the_reason() -> None:
    with pytest.raises(GluonportError, match="int8"):
        find_network("ssd_300_vgg16_atrous_voc_int8")


def test_the_page_of_names_is_what_the_script_makes() -> None:
    assert Path("docs", "zoo.md").read_text() == page()


@pytest.mark.exhaustive
def test_every_packaged_graph_is_read() -> None:
    for name in graph_index():
        found = packaged_graph(name)
        assert json.loads(found.symbol())["heads"] and found.tensors()


@pytest.mark.exhaustive
def test_no_weight_has_the_size_of_an_input_that_was_made_up() -> None:
    """Packaged graphs have the smallest input that fits, which the stored weights do not know:
    theirs fit inputs of twice the size as well, but for a dense layer as large as its maps."""
    for_one_size = {}
    for name, about in graph_index().items():
        packed = packaged_graph(name)
        stored = {tensor.own: StoredTensor(tensor.shape, "float32") for tensor in packed.tensors()}
        twice = {
            key: (*shape[:-2], 2 * shape[-2], 2 * shape[-1])
            for key, shape in about["inputs"].items()
        }
        try:
            assemble(parse_symbol(packed.symbol(), Path(name)), stored, twice)
        except GraphError:
            for_one_size[name] = about["inputs"]["data"]
    assert for_one_size == {"vgg16_ucf101": [1, 3, 224, 224]}  # which GluonCV's own crop has
