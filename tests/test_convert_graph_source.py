"""Where a graph and its parameters are found, and what is asked when that is not clear."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.conversion import convert
from convert.formats import open_checkpoint
from convert.formats.symbol import open_symbol
from convert.graph_source import find_graph, is_graph_source
from mappings.choice import Choice
from mappings.errors import ConversionError, FormatError, GluonportError
from tests.support.params_writer import dense, params
from tests.support.shared import archived, need_shared
from tests.support.small_graph import SYMBOL, weights

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(**{name: bytes})`` into a folder, which is returned."""

    def write(**files: bytes) -> Path:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return folder

    return write


BOTH = {"net-symbol.json": SYMBOL, "net-0000.params": weights()}


def packed(folder: Path, files: dict[str, bytes], compress: bool = True) -> Path:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path = folder / "model.tar.gz"
    path.write_bytes(gzip.compress(data.getvalue()) if compress else data.getvalue())
    return path


def refusal(source: object, kind: type[GluonportError] = ConversionError) -> str:
    with pytest.raises(kind) as caught:
        find_graph(str(source))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["net-symbol.json", "net", "", "."])
def test_a_graph_is_found_by_its_file_its_prefix_and_its_folder(write: Write, name: str) -> None:
    folder = write(**BOTH)
    source = os.path.join(folder, name)
    assert is_graph_source(source)
    found = find_graph(source)
    assert found.graph == open_symbol(folder / "net-symbol.json")
    assert found.symbol == folder / "net-symbol.json"
    assert found.symbol_sha256 == hashlib.sha256(SYMBOL).hexdigest()
    assert found.checkpoint.path == folder / "net-0000.params"
    assert [tensor.name for tensor in found.checkpoint.tensors] == ["arg:fc_weight"]
    assert found.notes == ()


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("prefix", ["", "./", "export/"])
def test_a_graph_is_found_in_an_archive_as_sagemaker_writes_it(
    tmp_path: Path, compress: bool, prefix: str
) -> None:
    name = "image-classification"
    files = {
        f"{prefix}{name}-0002.params": weights(2),
        f"{prefix}{name}-symbol.json": SYMBOL,
        f"{prefix}{name}-0010.params": weights(10),
        f"{prefix}model-shapes.json": b'[{"shape": [32, 3, 224, 224], "name": "data"}]',
    }
    path = packed(tmp_path, files, compress)
    assert is_graph_source(str(path))
    found = find_graph(str(path))
    inside = f"{path}/{prefix.removeprefix('./')}{name}"
    assert str(found.symbol) == f"{inside}-symbol.json"
    assert str(found.checkpoint.path) == f"{inside}-0010.params"
    assert found.checkpoint.tensors[0].array()[0, 0] == 10
    assert found.symbol_sha256 == hashlib.sha256(SYMBOL).hexdigest()
    assert open_symbol(found.symbol) == found.graph
    again = find_graph(str(path), params=f"{inside}-0002.params")
    assert again.checkpoint.tensors[0].array()[0, 0] == 2
    assert sorted(os.listdir(tmp_path)) == ["model.tar.gz"]


def test_a_file_that_an_archive_lacks_is_refused_by_name(tmp_path: Path) -> None:
    path = packed(tmp_path, BOTH)
    with pytest.raises(FormatError, match=r"has no 'other.params'; it has net-symbol.json, net-00"):
        open_checkpoint(path / "other.params")


def test_the_highest_number_wins_and_is_compared_as_a_number(write: Write) -> None:
    numbers = ("0002", "0010", "10000", "9999")
    found = find_graph(
        str(write(**{"net-symbol.json": SYMBOL}, **{f"net-{n}.params": weights() for n in numbers}))
    )
    assert found.checkpoint.path.name == "net-10000.params"
    assert found.notes == (
        "net-10000.params has the highest number of 4 numbered files of parameters",
    )


@pytest.mark.parametrize("other", ["net-1.params", "net.params"])
def test_files_of_parameters_that_differ_are_asked_about(write: Write, other: str) -> None:
    folder = write(**{"net-symbol.json": SYMBOL, "net-0001.params": weights(), other: weights(2)})
    said = refusal(folder)
    assert said == (
        f"{folder}/net-symbol.json: its parameters may be {', '.join(said_names(other))}, which "
        f"differ: choose with --params {folder}/{said_names(other)[0]}"
    )
    assert find_graph(str(folder), params=str(folder / other)).checkpoint.tensors[0].array()[0, 0]
    (folder / other).write_bytes(weights())
    assert find_graph(str(folder)).checkpoint.tensors


def said_names(other: str) -> list[str]:
    """Numbered files stand in the order of their names, and before one without a number."""
    names = ["net-0001.params", other]
    return names if other == "net.params" else sorted(names)


@pytest.mark.parametrize("name", ["net.params", "net-best.params", "other-0007.params"])
def test_the_only_parameters_beside_the_only_graph_are_its_own(write: Write, name: str) -> None:
    found = find_graph(str(write(**{"net-symbol.json": SYMBOL, name: weights()})))
    assert found.checkpoint.path.name == name
    assert bool(found.notes) == (name != "net.params")


def test_parameters_of_other_graphs_are_not_taken(write: Write) -> None:
    folder = write(**{"a-symbol.json": SYMBOL, "a-0001.params": weights(), "b-symbol.json": SYMBOL})
    assert find_graph(f"{folder}/a").checkpoint.path.name == "a-0001.params"
    assert "there are no parameters beside the graph (b-0000.params)" in refusal(folder / "b")


def test_several_graphs_are_named(write: Write, tmp_path: Path) -> None:
    both = {"a-symbol.json": SYMBOL, "b-symbol.json": SYMBOL}
    folder = write(**both)
    assert refusal(folder) == (
        f"{folder}: holds several graphs, a-symbol.json, b-symbol.json: name one of them"
    )
    path = packed(tmp_path, both)
    assert refusal(path) == (
        f"{path}: holds several graphs, a-symbol.json, b-symbol.json: name one of them"
    )
    shutil.rmtree(folder)
    folder.mkdir()
    assert not is_graph_source(str(folder))
    assert "holds no graph, a file that ends in -symbol.json" in refusal(folder)


def test_a_graph_without_parameters_says_how_to_get_them(write: Write) -> None:
    folder = write(**{"net-symbol.json": SYMBOL})
    assert refusal(folder) == (
        f"{folder}/net-symbol.json: there are no parameters beside the graph (net-0000.params): "
        "give them with --params FILE; net.export('model') writes model-symbol.json and "
        "model-0000.params"
    )


def test_parameters_without_a_graph_say_how_to_get_it(write: Write) -> None:
    folder = write(**{"net-0000.params": weights()})
    file = folder / "net-0000.params"
    assert not is_graph_source(str(file))
    assert refusal(file) == (
        f"{file}: these are parameters without their graph, NAME-symbol.json: export the network "
        "again, net.export('model') writes model-symbol.json and model-0000.params"
    )
    write(**{"net-symbol.json": SYMBOL})
    assert refusal(file) == (
        f"{file}: these are parameters without their graph: name the graph, "
        f"{folder}/net-symbol.json, and these with --params"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html></html>", "this is a web page"),
        (b"\x89HDF\r\n\x1a\n", "this is an HDF5 file"),
        (b'{"error": 1}', "this is a JSON document"),
        (b"\x1f\x8b\x08\x00", "the compressed archive ends too early"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_neither_a_graph_nor_parameters_is_named(
    write: Write, data: bytes, said: str
) -> None:
    assert said in refusal(write(thing=data) / "thing", FormatError)


def test_a_json_file_that_is_no_symbol_is_named(write: Write) -> None:
    assert "is not an MXNet symbol" in refusal(write(**{"a.json": b"{}"}) / "a.json", FormatError)
    assert "no such file" in refusal(write() / "absent", FormatError)


def test_a_list_without_names_is_refused(write: Write) -> None:
    nameless = params([dense(np.ones((2, 3), np.float32))])
    folder = write(**{"net-symbol.json": SYMBOL, "net-0000.params": nameless})
    assert "its arrays have no names" in refusal(folder)


def test_a_choice_of_tensors_is_passed_on(write: Write) -> None:
    found = find_graph(str(write(**BOTH)), choice=Choice(ignore=("arg:*",)))
    assert not found.checkpoint.tensors


def test_an_archive_is_converted_as_its_files_are(write: Write, tmp_path: Path) -> None:
    folder, path = write(**BOTH), packed(tmp_path, BOTH)
    convert("graph", tmp_path / "a.safetensors", folder)
    done = convert("graph", tmp_path / "b.safetensors", path)
    assert done.source == f"{path}/net-0000.params"
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_a_real_sagemaker_model_is_converted_from_its_archive(tmp_path: Path) -> None:
    need_shared()
    name = "sagemaker-mx-mod"
    files = {
        "model-symbol.json": archived("symbols.tar.xz")[name],
        "model-0000.params": archived("params.tar.xz")[name],
        "model-shapes.json": b'[{"shape": [1, 3], "name": "data"}]',
    }
    path = packed(tmp_path, files)
    done = convert("auto", tmp_path / "out.safetensors", path)
    assert done.model == "graph" and done.source == f"{path}/model-0000.params"
    held = {tensor.name for tensor in find_graph(str(path)).checkpoint.tensors}
    assert done.tensors == len(held)
