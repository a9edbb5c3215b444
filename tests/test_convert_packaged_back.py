"""Packaged graphs: the way back to .params, drawn parameters, and what a file's hash decides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import convert.stored_weights
from architectures import find_network
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.stored_file import file_called
from convert import convert as convert_file
from mappings.errors import ConversionError
from tests.test_convert_packaged import POSE, drawn, written
from verify.parity.graphs.converted_graph import open_converted_graph
from verify.parity.graphs.graph_packaged import record_graph
from verify.reference.drawn_graph import draw

SHARED_LAYERS = "i3d_inceptionv1_kinetics400"
VIDEO = "resnet18_v1b_kinetics400"


@pytest.mark.parametrize("naming", ["structural", "flat", "export"])
def test_a_name_takes_its_checkpoint_back_byte_for_byte(tmp_path: Path, naming: str) -> None:
    source = written(tmp_path / "net.params", drawn(POSE, naming))
    out, back = tmp_path / "out.safetensors", tmp_path / "back.params"
    convert_file(POSE, out, source)
    convert_file(POSE, back, out)
    assert back.read_bytes() == source.read_bytes()


@pytest.mark.exhaustive
def test_names_of_one_shared_tensor_all_come_back(tmp_path: Path) -> None:
    source = written(tmp_path / "net.params", drawn(SHARED_LAYERS))
    out, back = tmp_path / "out.safetensors", tmp_path / "back.params"
    convert_file(SHARED_LAYERS, out, source)
    convert_file(SHARED_LAYERS, back, out)
    assert back.read_bytes() == source.read_bytes()
    assert not json.loads((tmp_path / "out.provenance.json").read_text())["unused"]


def test_the_way_back_is_for_checkpoints_of_that_graph(tmp_path: Path) -> None:
    source = written(tmp_path / "net.params", drawn(POSE))
    out, back = tmp_path / "out.safetensors", tmp_path / "back.params"
    convert_file(POSE, out, source)
    with pytest.raises(ConversionError, match=f"the graph of {POSE}, not by that of gluon_ssd"):
        convert_file("ssd_512_mobilenet1.0_voc", back, out)
    for wrong in (source, "synthetic", None):
        with pytest.raises(ConversionError, match="takes that file and the provenance"):
            convert_file(POSE, back, wrong)
    assert not back.exists()


def test_drawn_parameters_are_those_of_the_golden(tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    done = convert_file(POSE, out, "synthetic")
    assert done.synthetic and done.source_sha256 is None
    record = find_network(POSE)
    assert isinstance(record, GraphRecord)
    golden = draw(record.name, record_graph(record), record.inputs)
    names = json.loads((tmp_path / "out.provenance.json").read_text())["names"]
    found = load_file(out)
    assert len(names) == len(golden.parameters)
    for target, variable in names.items():
        np.testing.assert_array_equal(found[target], golden.parameters[variable])
    converted = open_converted_graph(out, None, {}, needs_symbol=True)
    for variable, values in converted.arrays().items():
        np.testing.assert_array_equal(values, golden.parameters[variable])


def test_a_files_hash_decides_between_networks_with_the_same_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path / "net.params", drawn(VIDEO))
    unknown = convert_file("auto", tmp_path / "unknown.safetensors", source)
    assert unknown.model == "gluon_resnet18_v1b"
    assert any(f"it fits gluon_{VIDEO} too" in note for note in unknown.notes)
    by_name = convert_file(VIDEO, tmp_path / "name.safetensors", source)
    stored = file_called(VIDEO)  # the file itself cannot be had here
    monkeypatch.setattr(convert.stored_weights, "file_of", lambda _: stored)
    known = convert_file("auto", tmp_path / "known.safetensors", source)
    assert known.target_sha256 == by_name.target_sha256
