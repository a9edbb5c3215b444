"""A file is known by its content: what is none says what it is, and what to do about it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors

from convert.formats import Checkpoint, Tensor, open_checkpoint, refuse_quantised
from convert.formats.limits import MAX_NAME
from mappings.errors import FormatError
from tests.support.params_writer import MARKS, dense, params

W = np.arange(6, dtype="float32").reshape(2, 3)
PARAMS = params([dense(W)], ["w"])


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, PARAMS)
    return stream.getvalue()


def tarred(name: str = "net.params") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    return stream.getvalue()


LFS = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 100\n"
SYMBOL = {"nodes": [{"op": "null", "name": "data", "inputs": []}], "arg_nodes": [0], "heads": []}
IMPOSTORS = {
    "git-lfs": (LFS.encode(), "a Git LFS pointer", "git lfs pull"),
    "html": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "a web page", "again"),
    "html-bom": ("\ufeff\r\n <HTML lang='de'><p>für</p>".encode(), "a web page", "again"),
    "xml": (b'<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "XML", "again"),
    "json-error": (b'{"message": "Not Found"}', "JSON document", "again"),
    "symbol": (json.dumps(SYMBOL, indent=2).encode(), "an MXNet symbol", ".params"),
    "text": (b"Not Found\n", "text that begins 'Not Found'", "again"),
    "text-cut-in-a-character": ("é".encode() * 4000, "text that begins 'éé", "again"),
    "gzip": (gzip.compress(PARAMS), "compressed with gzip", "unpack"),
    "bzip2": (bz2.compress(PARAMS), "compressed with bzip2", "unpack"),
    "xz": (lzma.compress(PARAMS), "compressed with xz", "unpack"),
    "zstd": (b"\x28\xb5\x2f\xfd\x24\0\1\0\0", "compressed with zstd", "unpack"),
    "tar": (tarred(), "a tar archive", "unpack"),
    "zip-of-params": (zipped("net/a.params", "b.txt"), "holds 'net/a.params'", "unzip it"),
    "zip-of-others": (zipped("a.txt", "b.txt"), "a zip of 2 files, the first 'a.txt'", ".npy"),
    "zip-of-nothing": (zipped(), "a zip with nothing in it", "again"),
    "zip-of-nothing-behind": (b"PK\3\4" + bytes(30) + zipped(), "nothing in it", "again"),
    "pytorch-tar": (tarred("sys_info"), "a PyTorch checkpoint of before 2017", "save it again"),
    **{
        f"pickle-{protocol}": (pickle.dumps({"w": W}, protocol), "a Python pickle", "refused")
        for protocol in range(2, 6)
    },
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(8), "an HDF5 file", "MXNet checkpoint"),
    "recordio": (b"\x0a\x23\xd7\xce" + bytes(20), "RecordIO", ".params"),
    **{f"bare-v{v}": (MARKS[v] + dense(W)[4:], "an MXNet array alone", "save") for v in MARKS},
    "zeros": (bytes(5000), "nothing but zeros", "again"),
    "other": (b"\x7fELF\2\1\1\0" + bytes(range(256)), "7f 45 4c 46 02 01 01 00", "expected"),
}


@pytest.mark.parametrize("suffix", [".params", ".npz", ".safetensors", ""])
@pytest.mark.parametrize("name", IMPOSTORS)
def test_an_impostor_is_named_for_what_it_is(name: str, suffix: str, tmp_path: Path) -> None:
    content, what, advice = IMPOSTORS[name]
    file = tmp_path / f"net{suffix}"
    file.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        open_checkpoint(file)
    assert what in caught.value.what
    assert advice in caught.value.what.split(what)[1]
    assert "\n" not in str(caught.value)
    assert caught.value.file == str(file)


@pytest.mark.parametrize("suffix", [".params", ".html", ".pth", ""])
def test_a_checkpoint_opens_under_any_name(suffix: str, tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, w=W)
    numpy = io.BytesIO()
    np.save(numpy, W)
    for format, content in (
        ("params-v2", PARAMS),
        ("npz", stream.getvalue()),
        ("npy", numpy.getvalue()),
        ("safetensors", safetensors({"w": W})),
    ):
        file = tmp_path / f"{format}{suffix}"
        file.write_bytes(content)
        checkpoint = open_checkpoint(str(file))
        assert checkpoint.path == file
        assert checkpoint.format == format
        np.testing.assert_array_equal(checkpoint.tensors[0].array(), W)


def test_a_list_file_cut_within_its_first_bytes_is_still_known(tmp_path: Path) -> None:
    for length in range(1, 9):
        (tmp_path / "file").write_bytes(PARAMS[:length])
        with pytest.raises(FormatError, match="needs 8 bytes"):
            open_checkpoint(tmp_path / "file")


def refusal(path: Path | str) -> str:
    with pytest.raises(FormatError) as caught:
        open_checkpoint(path)
    assert caught.value.file == str(path)
    return caught.value.what


def test_a_path_without_a_file_to_read_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    assert "no such file" in refusal(tmp_path / "absent")
    assert "a directory" in refusal(tmp_path)
    assert "empty (0 bytes)" in refusal(tmp_path / "empty")
    assert "no regular file" in refusal(tmp_path / "pipe")
    assert "no regular file" in refusal("/dev/null")
    assert "cannot be read" in refusal(tmp_path / "empty" / "below")
    assert "file" in refusal(tmp_path / "loop")
    assert "file" in refusal("nul\0in path")
    assert "cannot be read" in refusal("x" * 5000)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text(max_size=99).map(str.encode))
def test_any_other_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(FormatError):
        open_checkpoint(tmp_path / "file")


def checkpoint_of(name: str, dtype: str) -> Checkpoint:
    tensors = (
        Tensor("conv0_bias", (2,), "float32", "dense", 0, lambda: W),
        Tensor(name, (2, 3), dtype, "dense", 99, lambda: W),
    )
    return Checkpoint(Path("net.params"), "params-v2", True, tensors)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("conv0_weight_quantize", "int8"),
        ("arg:conv0_weight_quantize", "uint8"),
        ("conv0_weight_quantize_min", "float32"),
        ("conv0_weight_quantize_max", "float32"),
        ("features.0.weight", "int8"),
    ],
)
def test_a_quantised_network_is_refused_by_its_first_quantised_array(name: str, dtype: str) -> None:
    with pytest.raises(FormatError, match="float checkpoint") as caught:
        refuse_quantised(checkpoint_of(name, dtype))
    assert (caught.value.array, caught.value.offset) == (name, 99)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_a_float_network_is_not_taken_for_a_quantised_one(dtype: str) -> None:
    refuse_quantised(checkpoint_of("conv0_weight", dtype))
    refuse_quantised(checkpoint_of("quantize_conv0_weight", dtype))


def test_the_readers_import_neither_torch_nor_ml_dtypes() -> None:
    code = "import sys, convert.formats; print({'torch', 'ml_dtypes'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_name_as_long_as_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(safetensors({"w" * MAX_NAME: W}))
    assert len(open_checkpoint(path).tensors) == 1
    path.write_bytes(safetensors({"w" * (MAX_NAME + 1): W}))
    with pytest.raises(FormatError, match=r"'w{60}' has 1025 characters; expected at most 1024"):
        open_checkpoint(path)
