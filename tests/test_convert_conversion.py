"""A conversion is complete and proven, or refused in one line with nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors import safe_open
from safetensors.numpy import load_file

import gluonport
from architectures import find_model
from convert.formats import open_checkpoint
from gluonport.commands.convert import main
from tests.conftest import GluonCheckpoints

SAMPLE = Path("architectures", "samples", "gluon_seresnext8_digits.params")
NAME = "gluon_seresnext8_digits"
Arrays = dict[str, np.ndarray]


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "out.safetensors"


@pytest.fixture
def arrays() -> Arrays:
    """The sample's arrays, to be written again otherwise."""
    return {tensor.name: tensor.array() for tensor in open_checkpoint(SAMPLE).tensors}


def refused(out: Path, *arguments: str) -> str:
    """Run ``convert`` where it must fail: its one line."""
    result = CliRunner().invoke(main, [*arguments[:1], str(out), *arguments[1:]])
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert list(out.parent.glob(".*")) == []
    return result.stderr


def written(folder: Path, arrays: Arrays) -> str:
    np.savez(folder / "source.npz", **arrays)  # type: ignore[arg-type]
    return str(folder / "source.npz")


def test_the_packaged_sample_converts_without_a_source(out: Path) -> None:
    result = CliRunner().invoke(main, [NAME, str(out), "--json"])
    done = json.loads(result.stdout)
    assert result.exit_code == 0 and result.stderr == ""
    assert done["model"] == NAME and done["tensors"] == 64 and done["parameters"] == 272_506
    assert done["num_classes"] == 10 and done["dtype"] == "float32" and done["synthetic"] is False
    assert done["source_format"] == "params-v2" and done["naming"] == "structural"
    assert len(done["source_sha256"]) == len(done["target_sha256"]) == 64


def test_every_value_arrives_under_the_tables_name(out: Path, arrays: Arrays) -> None:
    gluonport.convert(NAME, out)
    found = load_file(out)
    table = find_model(NAME).table
    for source, target in table.targets.items():
        assert np.array_equal(found.pop(target), arrays[source])
    assert set(found) == set(table.synthesised)
    assert all(values.shape == () and values == 0 for values in found.values())


def test_the_header_carries_one_metadata_key_and_bytes_repeat(out: Path, tmp_path: Path) -> None:
    first = gluonport.convert(NAME, out)
    second = gluonport.convert(NAME, tmp_path / "again.safetensors")
    assert first.target_sha256 == second.target_sha256
    with safe_open(out, "numpy") as file:  # type: ignore[no-untyped-call]
        assert file.metadata() == {"format": "pt"}


def test_provenance_stands_beside_with_a_digest_per_tensor(out: Path) -> None:
    done = gluonport.convert(NAME, out)
    record = json.loads((out.parent / "out.provenance.json").read_text())
    assert record["model"] == NAME and record["target_sha256"] == done.target_sha256
    assert record["tool"]["name"] == "gluonport" and record["mapping_sha256"]
    assert set(record["tensor_sha256"]) == set(load_file(out))
    assert record["synthetic"] is False


@pytest.mark.parametrize("name", ["gluon_resnext50_32x4d", NAME])
def test_synthetic_weights_are_marked_and_repeat(name: str, out: Path) -> None:
    done = gluonport.convert(name, out, "synthetic")
    assert done.synthetic and done.source_sha256 is None
    assert json.loads((out.parent / "out.provenance.json").read_text())["synthetic"] is True
    again = gluonport.convert(name, out, "synthetic", force=True)
    assert again.target_sha256 == done.target_sha256


@pytest.mark.parametrize(
    ("dtype", "numpy_type"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)]
)
def test_narrow_targets_round_every_tensor(
    dtype: str, numpy_type: type, out: Path, arrays: Arrays
) -> None:
    gluonport.convert(NAME, out, dtype=dtype)  # type: ignore[arg-type]
    found = {tensor.name: tensor for tensor in open_checkpoint(out).tensors}
    for source, target in find_model(NAME).table.targets.items():
        assert found[target].dtype == dtype
        assert np.array_equal(found[target].array(), arrays[source].astype(numpy_type))


def test_keep_keeps_mixed_precisions(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    arrays["output.weight"] = arrays["output.weight"].astype(np.float64)
    gluonport.convert(NAME, out, written(tmp_path, arrays), dtype="keep")
    found = {tensor.name: tensor.dtype for tensor in open_checkpoint(out).tensors}
    assert (found["fc.weight"], found["fc.bias"]) == ("float64", "float32")


def test_overflow_is_refused_with_the_tensors_name(
    out: Path, tmp_path: Path, arrays: Arrays
) -> None:
    arrays["output.bias"] = np.full_like(arrays["output.bias"], 1e6)
    source = written(tmp_path, arrays)
    line = refused(out, NAME, "--from", source, "--dtype", "float16")
    assert "'output.bias'" in line and "overflows float16" in line


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nonfinite_values_are_refused_unless_allowed(
    value: float, out: Path, tmp_path: Path, arrays: Arrays
) -> None:
    arrays["features.1.beta"] = arrays["features.1.beta"].copy()
    arrays["features.1.beta"][3] = value
    source = written(tmp_path, arrays)
    line = refused(out, NAME, "--from", source)
    assert "'features.1.beta'" in line and "flat index 3" in line
    gluonport.convert(NAME, out, source, allow_nonfinite=True)
    assert np.array_equal(load_file(out)["bn1.bias"][3], value, equal_nan=True)


def test_a_missing_array_is_refused_by_name(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    del arrays["features.4.0.se.2.bias"]
    line = refused(out, NAME, "--from", written(tmp_path, arrays))
    assert "1 in the network but not in the file: features.4.0.se.2.bias" in line


def test_an_array_too_many_is_refused_by_name(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    arrays["optimizer.state"] = np.zeros(3, np.float32)
    line = refused(out, NAME, "--from", written(tmp_path, arrays))
    assert f"holds {NAME} and 1 other tensor beside it: optimizer.state" in line


def test_a_wrong_shape_is_refused_with_both_shapes(
    out: Path, tmp_path: Path, arrays: Arrays
) -> None:
    arrays["features.1.gamma"] = np.ones(63, np.float32)
    line = refused(out, NAME, "--from", written(tmp_path, arrays))
    assert "features.1.gamma is (63,), expected (64)" in line


def test_class_counts_that_disagree_are_refused(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    arrays["output.bias"] = np.zeros(11, np.float32)
    assert "output." in refused(out, NAME, "--from", written(tmp_path, arrays))


def test_auto_refuses_a_file_that_fits_no_model(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    del arrays["features.1.beta"]
    line = refused(out, "auto", "--from", written(tmp_path, arrays))
    assert "fits no model of the catalogue" in line and NAME not in line


def test_auto_needs_a_file(out: Path) -> None:
    assert "--from FILE" in refused(out, "auto")


def test_a_list_without_names_is_refused(out: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "list.npy", np.zeros(3, np.float32))
    line = refused(out, NAME, "--from", str(tmp_path / "list.npy"))
    assert "without names" in line


def test_integer_weights_are_refused(out: Path, tmp_path: Path, arrays: Arrays) -> None:
    arrays["output.bias"] = np.zeros(10, np.int32)
    line = refused(out, NAME, "--from", written(tmp_path, arrays))
    assert "'output.bias' is int32" in line


def test_an_existing_target_needs_force(out: Path) -> None:
    out.write_text("mine")
    assert "--force" in refused(out, NAME)
    assert out.read_text() == "mine"
    gluonport.convert(NAME, out, force=True)
    assert len(load_file(out)) == 64


@pytest.mark.parametrize("name", ["out.pth", "out"])
def test_a_target_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    assert ".safetensors" in refused(tmp_path / name, NAME)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [NAME, str(tmp_path / "no" / "out.safetensors")])
    assert result.exit_code == 1 and "does not exist" in result.stderr


def test_an_unknown_name_and_a_missing_file_are_one_line(out: Path) -> None:
    assert "did you mean" in refused(out, "gluon_seresnext8_digit")
    assert "no such file" in refused(out, NAME, "--from", "nowhere.params")


def test_wrong_usage_is_exit_status_2(out: Path) -> None:
    assert CliRunner().invoke(main, [NAME]).exit_code == 2
    assert CliRunner().invoke(main, [NAME, str(out), "--dtype", "int8"]).exit_code == 2


def test_names_that_would_break_the_line_are_escaped(
    out: Path, tmp_path: Path, arrays: Arrays
) -> None:
    arrays["evil\nname\x1b[31m"] = np.zeros(1, np.float32)
    line = refused(out, NAME, "--from", written(tmp_path, arrays))
    assert "\\n" in line and "\x1b" not in line


def test_mxnets_own_exports_of_another_network_are_given_that_networks_name(
    gluon: Callable[..., GluonCheckpoints], out: Path
) -> None:
    file = gluon("seresnext8_digits").file("stripped")
    line = refused(out, "gluon_resnext50_32x4d", "--from", str(file))
    assert "does not fit gluon_resnext50_32x4d: it fits gluon_seresnext8_digits" in line
