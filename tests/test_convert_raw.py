"""Every array of a file as it is: ``mx.nd.load`` without MXNet."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file

import gluonport
from gluonport.commands.main import main
from mappings.errors import GluonportError
from tests.support.params_writer import NONE, dense, params

ARRAYS = {
    "mean": np.arange(6, dtype=np.float32).reshape(2, 3),
    "count": np.array([7, -3], np.int64),
    "odd": np.array([np.nan, np.inf, -0.0], np.float64),
    "half": np.array([[1.5]], np.float16),
    "empty": np.zeros((0, 4), np.float32),
}


def file_of(folder: Path, names: list[str] | None = None) -> Path:
    path = folder / "any.params"
    path.write_bytes(params([dense(array) for array in ARRAYS.values()], names or []))
    return path


def same(found: object, expected: np.ndarray) -> bool:
    assert isinstance(found, np.ndarray)
    alike = found.dtype == expected.dtype and found.shape == expected.shape
    return alike and found.tobytes() == expected.tobytes()


def test_every_array_keeps_its_name_dtype_and_bits(tmp_path: Path) -> None:
    source, out = file_of(tmp_path, list(ARRAYS)), tmp_path / "out.safetensors"
    done = gluonport.convert("raw", out, source)
    assert done.model == "raw" and done.tensors == len(ARRAYS)
    held = load_file(out)
    assert held.keys() == ARRAYS.keys()
    assert all(same(held[name], array) for name, array in ARRAYS.items())
    back = tmp_path / "back.params"
    gluonport.convert("raw", back, out)
    found = gluonport.load_arrays(back)
    assert all(same(found[name], array) for name, array in ARRAYS.items())


def test_arrays_without_names_are_numbered(tmp_path: Path) -> None:
    done = gluonport.convert("raw", tmp_path / "out.safetensors", file_of(tmp_path))
    assert "the arrays have no names: they are called by their numbers" in done.notes
    found = gluonport.load_arrays(file_of(tmp_path))
    assert list(found) == ["0", "1", "2", "3", "4"] and same(found["1"], ARRAYS["count"])


def test_pytorchs_files_are_read_too(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "a.pth")
    found = gluonport.load_arrays(tmp_path / "a.pth")
    assert found["a"].dtype.name == "bfloat16" and found["a"].astype(float).tolist() == [1, 1]


def archived(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_sagemakers_algorithms_are_read_in_their_archive(tmp_path: Path) -> None:
    arrays = file_of(tmp_path, list(ARRAYS)).read_bytes()
    found = gluonport.load_arrays(archived(tmp_path, {"model_algo-1": arrays}))
    assert all(same(found[name], array) for name, array in ARRAYS.items())


def test_a_modules_zip_in_the_archive_is_read(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mx-mod-symbol.json", "{}")
        archive.writestr("mx-mod-0000.params", file_of(tmp_path, list(ARRAYS)).read_bytes())
    found = gluonport.load_arrays(archived(tmp_path, {"model_algo-1": packed.getvalue()}))
    assert all(same(found[name], array) for name, array in ARRAYS.items())


def test_several_files_of_arrays_are_asked_about(tmp_path: Path) -> None:
    arrays = file_of(tmp_path, list(ARRAYS)).read_bytes()
    path = archived(tmp_path, {"a.params": arrays, "b.params": arrays})
    with pytest.raises(GluonportError, match=r"name the file of arrays in it, as .*/a\.params"):
        gluonport.load_arrays(path)
    assert same(gluonport.load_arrays(path / "b.params")["mean"], ARRAYS["mean"])


def test_raw_needs_a_file(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["convert", "raw", str(tmp_path / "out.safetensors")])
    assert done.exit_code == 1
    assert "'raw' needs a file to convert: give one with --from FILE" in done.output


def test_arrays_without_values_are_left_out_and_named(tmp_path: Path) -> None:
    source = tmp_path / "some.params"
    source.write_bytes(params([dense(ARRAYS["mean"]), NONE["v0"]], ["mean", "nothing"]))
    done = gluonport.convert("raw", tmp_path / "out.safetensors", source)
    assert done.tensors == 1 and "1 array without values left out: nothing" in done.notes
    assert list(gluonport.load_arrays(source)) == ["mean"]
    source.write_bytes(params([NONE["v0"]], ["nothing"]))
    with pytest.raises(GluonportError, match="has no array with values"):
        gluonport.convert("raw", tmp_path / "none.safetensors", source)
