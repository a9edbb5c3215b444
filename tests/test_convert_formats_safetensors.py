"""The safetensors reader against the library, and against headers that lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save
from safetensors.torch import save as save_torch

from convert.formats import Checkpoint, open_checkpoint
from convert.formats.mapped import MappedFile
from convert.formats.safetensors import DTYPES, read_safetensors
from mappings.errors import FormatError
from tests.support.memory import memory_below


def read(tmp_path: Path, content: bytes) -> Checkpoint:
    file = tmp_path / "file"
    file.unlink(missing_ok=True)  # what is still mapped of the last one stays as it was
    file.write_bytes(content)
    return read_safetensors(MappedFile.open(file))


def written(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(begin: int, end: int, shape: Any = None, dtype: str = "U8", **more: Any) -> Any:
    shape = [end - begin] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


@pytest.mark.parametrize("code", DTYPES)
def test_every_dtype_that_the_library_writes_comes_back(code: str, tmp_path: Path) -> None:
    dtype = np.dtype(ml_dtypes.bfloat16 if code == "BF16" else DTYPES[code])
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    if code == "BF16":
        content = save_torch({"w": torch.tensor(array.tolist(), dtype=torch.bfloat16)})
    else:
        content = save({"w": array})
    assert f'"{code}"'.encode() in content
    (tensor,) = read(tmp_path, content).tensors
    assert (tensor.name, tensor.shape, tensor.dtype) == ("w", (2, 3), dtype.name)
    assert tensor.array().dtype == dtype
    np.testing.assert_array_equal(tensor.array(), array)


NUMBERS = hnp.boolean_dtypes() | hnp.floating_dtypes(sizes=(16, 32, 64), endianness="<")
NUMBERS |= hnp.integer_dtypes(endianness="<") | hnp.unsigned_integer_dtypes(endianness="<")
ARRAYS = hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
IN_A_FOLDER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


@IN_A_FOLDER
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=9), ARRAYS, max_size=4))
def test_whatever_the_library_saves_comes_back(
    tmp_path: Path, arrays: dict[str, np.ndarray[Any, Any]]
) -> None:
    arrays.pop("__metadata__", None)
    checkpoint = read(tmp_path, save(arrays, metadata={"format": "pt"}))
    assert (checkpoint.format, checkpoint.named) == ("safetensors", True)
    assert {tensor.name for tensor in checkpoint.tensors} == set(arrays)
    content = (tmp_path / "file").read_bytes()
    for tensor in checkpoint.tensors:
        array, expected = tensor.array(), arrays[tensor.name]
        assert (array.shape, array.dtype) == (expected.shape, expected.dtype)
        assert array.tobytes() == expected.tobytes()
        assert content[tensor.offset : tensor.offset + array.nbytes] == expected.tobytes()


def test_tensors_come_in_the_order_of_their_values(tmp_path: Path) -> None:
    header = {"last": entry(3, 5), "empty": entry(3, 3), "first": entry(0, 3)}
    checkpoint = read(tmp_path, written(header, b"abcde"))
    assert [tensor.name for tensor in checkpoint.tensors] == ["first", "empty", "last"]
    assert [tensor.array().tobytes() for tensor in checkpoint.tensors] == [b"abc", b"", b"de"]


def test_a_tensor_is_a_read_only_view_of_the_file(tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, save({"w": np.ones(2**22, "float32")})).tensors
    with memory_below(100_000):
        array = tensor.array()
    assert not array.flags.writeable


NEXT = {"a": entry(0, 4)}
HOSTILE: dict[str, tuple[bytes, str]] = {
    "no length": (b"\0" * 7, "needs 8 bytes"),
    "no header": (written(b"", length=9), "needs 9 bytes"),
    "a header beyond the end": (written(NEXT, b"abcd", 10**6), "needs 1000000 bytes"),
    "a header without end": (written(NEXT, b"abcd", 2**64 - 1), "needs 18446744073709551615"),
    "an empty header": (written(b""), "no valid JSON"),
    "no JSON": (written(b'{"a": '), "no valid JSON"),
    "not UTF-8": (written(b'{"\xff": {}}'), "no valid JSON"),
    "UTF-16": (written('{"a": {}}'.encode("utf-16")), "no valid JSON"),
    "nested deeply": (written(b'{"a": ' + b"[" * 200_000), "no valid JSON"),
    "a number of a million digits": (written(b'{"a": ' + b"9" * 10**6 + b"}"), "no valid JSON"),
    "a list": (written([]), "no JSON object"),
    "a name twice": (
        written(b'{"a": %b, "a": %b}' % ((json.dumps(entry(0, 0)).encode(),) * 2)),
        "occurs twice",
    ),
    "a key of an entry twice": (
        written(b'{"a": {"dtype": "U8", "dtype": "I8", "shape": [0], "data_offsets": [0, 0]}}'),
        "occurs twice",
    ),
    "no entry": (written({"a": 1}), "lacks"),
    "an empty entry": (written({"a": {}}), "lacks"),
    "one offset": (written({"a": {**entry(0, 0), "data_offsets": [0]}}), "lacks"),
    "three offsets": (written({"a": {**entry(0, 0), "data_offsets": [0, 0, 0]}}), "lacks"),
    "a shape that is no list": (written({"a": entry(0, 0, 0)}), "lacks"),
    "a dtype that is no text": (written({"a": {**entry(0, 0), "dtype": 3}}), "lacks"),
    "an unknown dtype": (written({"a": entry(0, 4, [4], "U7")}, b"abcd"), "'U7'"),
    "a float8": (written({"a": entry(0, 4, [4], "F8_E4M3")}, b"abcd"), "'F8_E4M3'"),
    "a complex": (written({"a": entry(0, 8, [1], "C64")}, bytes(8)), "'C64'"),
    "an overlap": (written({**NEXT, "b": entry(3, 7)}, b"abcdefg"), "no overlap"),
    "the same bytes twice": (written({**NEXT, "b": entry(0, 4)}, b"abcd"), "no overlap"),
    "a hole": (written({**NEXT, "b": entry(5, 7)}, b"abcdefg"), "no hole"),
    "a hole at the beginning": (written({"a": entry(1, 5)}, b"abcde"), "no hole"),
    "values beyond the end": (written({"a": entry(0, 5)}, b"abcd"), "only 4 are left"),
    "values far beyond the end": (written({"a": entry(0, 2**62)}, b"abcd"), "only 4 are left"),
    "bytes behind": (written(NEXT, b"abcde"), "1 bytes follow"),
    "too few bytes": (written({"a": entry(0, 4, [2], "F32")}, b"abcd"), "expected 8"),
    "too many bytes": (written({"a": entry(0, 4, [3])}, b"abcd"), "expected 3"),
    "an end before the beginning": (written({"a": entry(4, 0, [4])}, b"abcd"), "expected 4"),
    "a negative offset": (written({"a": entry(-4, 0, [4])}, b"abcd"), "natural number"),
    "negative dimensions": (written({"a": entry(0, 4, [-2, -2])}, b"abcd"), "natural number"),
    "a bool as a dimension": (written({"a": entry(0, 4, [True, 4])}, b"abcd"), "natural number"),
    "bools as offsets": (
        written({"a": {**entry(0, 0), "data_offsets": [False, True], "shape": [1]}}, b"a"),
        "natural number",
    ),
    "a float as a dimension": (written({"a": entry(0, 4, [4.0])}, b"abcd"), "natural number"),
    "text as a dimension": (written({"a": entry(0, 4, ["4"])}, b"abcd"), "natural number"),
    "a product beyond 64 bits": (written({"a": entry(0, 4, [2**32, 2**32])}, b"abcd"), "expected"),
    "an empty array beyond 64 bits": (
        written({"a": entry(0, 0, [0, 2**40, 2**40])}),
        "more than a machine can address",
    ),
    "too many dimensions": (written({"a": entry(0, 1, [1] * 65)}, b"a"), "65 dimensions"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_header_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    content, what = HOSTILE[name]
    with pytest.raises(FormatError) as caught:
        read(tmp_path, content)
    assert what in caught.value.what
    assert caught.value.offset is not None
    assert ("fetch it again" in caught.value.what) or ("save the tensor" in caught.value.what)
    assert "\n" not in str(caught.value)
    with pytest.raises(FormatError):
        open_checkpoint(tmp_path / "file")


OURS = {"a float8", "a complex", "an empty array beyond 64 bits", "too many dimensions"}
STRICTER = OURS | {"a name twice", "a key of an entry twice"}


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - STRICTER))
def test_the_library_refuses_it_too(name: str) -> None:
    with pytest.raises(SafetensorError):
        deserialize(HOSTILE[name][0])


def test_a_header_above_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as sparse:
        sparse.write((25_000_001).to_bytes(8, "little") + b'{"a":')
        sparse.truncate(200_000_000)
    with memory_below(2**20):
        with pytest.raises(FormatError, match="at most 25000000"):
            read_safetensors(MappedFile.open(tmp_path / "file"))


def test_a_boolean_that_is_neither_is_refused(tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, written({"a": entry(0, 2, [2], "BOOL")}, b"\1\2")).tensors
    with pytest.raises(FormatError, match="neither 0 nor 1"):
        tensor.array()


def test_a_file_cut_short_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    content = save({"a": np.ones((2, 3), "float32"), "b": np.zeros(5, "int8")})
    for length in range(1, len(content)):
        with pytest.raises(FormatError):
            read(tmp_path, content[:length])


@IN_A_FOLDER
@given(st.data())
def test_a_changed_header_is_refused_or_sound(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(save({"a": np.ones((2, 3), "float32"), "b": np.zeros(5, "int8")}))
    header = int.from_bytes(content[:8], "little")
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 7 + header))] = data.draw(st.integers(0, 255))
    try:
        tensors = read(tmp_path, bytes(content)).tensors
    except FormatError:
        return
    deserialize(bytes(content))  # what is read here, the library reads too
    assert sum(tensor.array().nbytes for tensor in tensors) == 29
