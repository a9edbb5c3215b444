"""Evidence beside a checkpoint is not overwritten by a wrong name, or by another checkpoint."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from safetensors.numpy import save_file

import gluonport
from architectures import find_model
from convert.formats.records import ACCURACY, KINDS, PARITY, PROVENANCE, find_record, record_path
from tests.support.releases import is_one_line, publish, verify
from verify.parity.converted_checkpoint import open_converted
from verify.parity.named_model import demand_model

DIGITS, OTHER = "gluon_seresnext8_digits", "gluon_resnet18_v1b"
TWINS = ("gluon_seresnext50_32x4d", "seresnext50_32x4d")


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's checkpoint with passing records of parity and accuracy."""
    checkpoint = tmp_path_factory.mktemp("proven") / "f.safetensors"
    gluonport.convert(DIGITS, checkpoint)
    assert verify("parity", DIGITS, "--checkpoint", checkpoint).exit_code == 0
    assert verify("accuracy", DIGITS, checkpoint).exit_code == 0
    return checkpoint


@pytest.mark.parametrize("command", ["parity", "accuracy", "publish"])
def test_a_name_of_another_network_is_refused_and_nothing_is_written(
    command: str, proven: Path, scans: Path
) -> None:
    before = snapshot(proven.parent)
    result: Result
    if command == "parity":
        result = verify("parity", OTHER, "--checkpoint", proven)
    elif command == "accuracy":
        result = verify("accuracy", OTHER, proven, "--data", scans)
    else:
        result = publish(OTHER, proven, proven.parent / "release")
    assert is_one_line(result), result.output
    assert result.stdout == "" and OTHER in result.stderr
    if command != "publish":
        assert f"f.safetensors: this is not a checkpoint of {OTHER}" in result.stderr
        assert f"it has the tensors of {DIGITS}: give that name" in result.stderr
    assert snapshot(proven.parent) == before


def test_a_limited_run_leaves_the_result_of_the_whole_data_set(
    proven: Path, tmp_path: Path
) -> None:
    record = record_path(proven, ACCURACY)
    whole = record.read_bytes()
    result = verify("accuracy", DIGITS, proven, "--limit", 4)
    assert result.exit_code == 0 and "4 images" in result.stdout
    assert f"{record}: not replaced, since it counts the whole data set" in result.stderr
    assert record.read_bytes() == whole
    other = tmp_path / "other.safetensors"  # whose record it is not
    gluonport.convert(DIGITS, other, dtype="float16")
    record_path(other, ACCURACY).write_bytes(whole)
    assert verify("accuracy", DIGITS, other, "--limit", 4).exit_code == 0
    assert json.loads(record_path(other, ACCURACY).read_text())["images"] == 4


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a network that two models have."""
    checkpoint = tmp_path_factory.mktemp("twin") / "f.safetensors"
    gluonport.convert(TWINS[0], checkpoint, source="synthetic")
    record_path(checkpoint, PARITY).write_text("evidence")
    return checkpoint


@pytest.mark.parametrize("command", ["parity", "accuracy"])
def test_a_name_that_the_provenance_contradicts_is_refused(
    command: str, twin: Path, scans: Path
) -> None:
    before = snapshot(twin.parent)
    if command == "parity":
        result = verify("parity", TWINS[1], "--checkpoint", twin)
    else:
        result = verify("accuracy", TWINS[1], twin, "--data", scans)
    assert is_one_line(result), result.output
    assert f"says that it is a checkpoint of {TWINS[0]}, not of {TWINS[1]}" in result.stderr
    assert snapshot(twin.parent) == before


def test_a_provenance_of_another_file_contradicts_nothing(twin: Path, tmp_path: Path) -> None:
    copy = tmp_path / "f.safetensors"
    shutil.copy(twin, copy)
    stale = json.loads(record_path(twin, PROVENANCE).read_text()) | {"target_sha256": "0" * 64}
    record_path(copy, PROVENANCE).write_text(json.dumps(stale))
    demand_model(find_model(TWINS[1]), copy)
    record_path(copy, PROVENANCE).write_text("[")
    demand_model(find_model(TWINS[1]), copy)


def test_a_checkpoint_of_no_model_is_pointed_to_inspect(tmp_path: Path) -> None:
    path = tmp_path / "f.safetensors"
    save_file({"a": np.zeros(1)}, path)
    result = verify("parity", DIGITS, "--checkpoint", path)
    assert is_one_line(result) and "'gluonport inspect' says what it is" in result.stderr
    assert [found.name for found in tmp_path.iterdir()] == ["f.safetensors"]


def test_two_targets_never_share_a_record(tmp_path: Path) -> None:
    names = ["m.safetensors", "m.params", "m.v1.safetensors", "m.v2.safetensors", "m.v1.params"]
    names += ["m.params.safetensors", "m.v1.params.safetensors", "m.pth", "m.pth.tar", "m.bin"]
    names += [".safetensors", "m.safetensors.safetensors"]
    for kind in KINDS.values():
        assert len({record_path(tmp_path / name, kind) for name in names}) == len(names)
    assert record_path(tmp_path / "m.v1.safetensors", PARITY) == tmp_path / "m.v1.parity.json"
    assert record_path(tmp_path / "m.safetensors", ACCURACY) == tmp_path / "m.accuracy.json"
    assert record_path(tmp_path / "m.params", PROVENANCE) == tmp_path / "m.params.provenance.json"


def test_a_gluon_target_leaves_the_provenance_of_its_neighbour(tmp_path: Path) -> None:
    out, back = tmp_path / "m.safetensors", tmp_path / "m.params"
    gluonport.convert(DIGITS, out)
    before = snapshot(tmp_path)
    done = gluonport.convert(DIGITS, back, out)
    after = snapshot(tmp_path)
    assert after.keys() - before.keys() == {"m.params", "m.params.provenance.json"}
    assert {name: after[name] for name in before} == before
    record = json.loads(after["m.params.provenance.json"])
    assert (record["target"], record["target_sha256"]) == ("m.params", done.target_sha256)
    assert open_converted(find_model(DIGITS), back, None).source.path == out
    assert open_converted(find_model(DIGITS), out, None).source.path.name == f"{DIGITS}.params"


def test_an_older_name_is_read_where_it_is_about_that_very_file(tmp_path: Path) -> None:
    file = tmp_path / "m.params"
    file.write_bytes(b"content")
    older = tmp_path / "m.provenance.json"
    digest = hashlib.sha256(b"content").hexdigest()
    assert find_record(file, PROVENANCE).name == "m.params.provenance.json"
    for text, found in (
        (json.dumps({"target_sha256": digest}), "m.provenance.json"),
        (json.dumps({"target_sha256": "0" * 64}), "m.params.provenance.json"),
        ("[" * 100_000, "m.params.provenance.json"),
        ("[]", "m.params.provenance.json"),
    ):
        older.write_text(text)
        assert find_record(file, PROVENANCE).name == found
    older.write_text(json.dumps({"target_sha256": digest}))
    (tmp_path / "m.params.provenance.json").write_text("{}")
    assert find_record(file, PROVENANCE).name == "m.params.provenance.json"
