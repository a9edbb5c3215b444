"""Sharded safetensors: an index and its shards must name the same tensors, in one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from convert.formats import open_checkpoint
from mappings.errors import FormatError

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
ARRAYS = {name: np.full((2, 3), i, "float32") for i, name in enumerate("dacb")}
WHERE = {"d": ONE, "a": TWO, "c": ONE, "b": TWO}


def write(folder: Path, where: Any = WHERE, **more: Any) -> Path:
    for shard in (ONE, TWO):
        save_file({name: ARRAYS[name] for name in ARRAYS if WHERE[name] == shard}, folder / shard)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 96}, "weight_map": where, **more}))
    return index


def refusal(index: Path) -> str:
    with pytest.raises(FormatError) as caught:
        open_checkpoint(index)
    assert caught.value.file == str(index)
    assert "\n" not in str(caught.value)
    assert "fetch" in caught.value.what or "only shards of safetensors" in caught.value.what
    return str(caught.value)


def test_the_tensors_of_all_shards_come_in_the_order_of_the_index(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(index := write(tmp_path))
    assert (checkpoint.path, checkpoint.format) == (index, "safetensors-sharded")
    assert [tensor.name for tensor in checkpoint.tensors] == list("dacb")
    for tensor in checkpoint.tensors:
        np.testing.assert_array_equal(tensor.array(), ARRAYS[tensor.name])
        shard = (tmp_path / WHERE[tensor.name]).read_bytes()
        assert shard[tensor.offset : tensor.offset + 24] == ARRAYS[tensor.name].tobytes()


@pytest.mark.parametrize("name", ["model.safetensors.index.json", "index", "net.params"])
def test_an_index_is_known_by_its_content_and_with_long_metadata(name: str, tmp_path: Path) -> None:
    index = write(tmp_path, metadata={"note": "x" * 9999}).rename(tmp_path / name)
    assert len(open_checkpoint(index).tensors) == 4


def test_shards_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    index = write(tmp_path / "blobs")
    for file in (tmp_path / "blobs").iterdir():
        (tmp_path / "snapshot" / file.name).symlink_to(file)
    assert len(open_checkpoint(tmp_path / "snapshot" / index.name).tensors) == 4


def test_a_tensor_that_its_shard_lacks_is_named(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, {**WHERE, "e": TWO}))
    assert f"array 'e': the index says that it is in {TWO!r}" in error


def test_a_tensor_that_the_index_lacks_is_named(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, {name: shard for name, shard in WHERE.items() if name != "c"}))
    assert f"array 'c': it is in {ONE!r}, and in the index it is in 'no shard'" in error


def test_a_tensor_in_two_shards_is_named(tmp_path: Path) -> None:
    index = write(tmp_path)
    save_file({name: ARRAYS[name] for name in "abd"}, tmp_path / TWO)
    error = refusal(index)
    assert f"array 'd': it is in {TWO!r}, and in the index it is in {ONE!r}" in error


def test_a_tensor_in_another_shard_than_the_index_says_is_named(tmp_path: Path) -> None:
    assert "array 'a'" in refusal(write(tmp_path, {**WHERE, "a": ONE}))


def test_a_name_that_is_twice_in_the_index_is_refused(tmp_path: Path) -> None:
    index = write(tmp_path)
    index.write_text(index.read_text().replace('"a":', '"d":'))
    assert "occurs twice" in refusal(index)


def test_a_shard_that_is_not_there_is_named(tmp_path: Path) -> None:
    index = write(tmp_path)
    (tmp_path / TWO).unlink()
    assert f"the shard {TWO!r} is not beside the index" in refusal(index)


def test_a_damaged_shard_is_refused_as_itself(tmp_path: Path) -> None:
    index = write(tmp_path)
    (tmp_path / TWO).write_bytes((tmp_path / TWO).read_bytes()[:-1])
    with pytest.raises(FormatError, match="fetch it again") as caught:
        open_checkpoint(index)
    assert caught.value.file == str(tmp_path / TWO)


@pytest.mark.parametrize(
    "shard",
    [
        "/SHARD",
        "../SHARD",
        "sub/SHARD",
        "./SHARD",
        "sub/../SHARD",
        "..",
        ".",
        "",
        "a\\SHARD",
        "a\0",
    ],
)
def test_a_shard_outside_the_folder_is_refused(shard: str, tmp_path: Path) -> None:
    """Even where the file is there and sound."""
    (folder := tmp_path / "folder").mkdir()
    (folder / "sub").mkdir()
    index = write(folder)
    for place in (tmp_path, folder, folder / "sub"):
        save_file({"e": ARRAYS["a"]}, place / "outside.safetensors")
    save_file({"e": ARRAYS["a"]}, folder / "a\\outside.safetensors")
    name = shard.replace("SHARD", "outside.safetensors")
    name = str(tmp_path / "outside.safetensors") if name.startswith("/") else name
    index.write_text(json.dumps({"weight_map": {"e": name}}))
    assert "no plain file name" in refusal(index)
    index.write_text(json.dumps({"weight_map": {"e": "outside.safetensors"}}))
    assert len(open_checkpoint(index).tensors) == 1


def test_an_index_of_indices_or_of_pytorch_files_is_refused(tmp_path: Path) -> None:
    index = write(tmp_path)
    index.write_text(json.dumps({"weight_map": {"a": index.name}}))
    assert "no safetensors file" in refusal(index)
    torch.save({"a": torch.ones(3)}, tmp_path / "pytorch_model.bin")
    index.write_text(json.dumps({"weight_map": {"a": "pytorch_model.bin"}}))
    assert "only shards of safetensors" in refusal(index)


@pytest.mark.parametrize(
    "text",
    [
        '{"weight_map": ',
        '{"weight_map": []}',
        '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": null}}',
        '{"metadata": {"weight_map": {}}}',
        '{"weight_map": {}, "weight_map": {}}',
        '{"weight_map":' + "[" * 200_000,
        '{"weight_map": {"a": "\udcff"}}',
    ],
)
def test_an_index_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(text, errors="surrogateescape")
    assert "the index" in refusal(index)
