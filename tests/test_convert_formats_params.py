"""The list-file reader against MXNet itself, against any array there can be, and against lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from convert.formats import Checkpoint, Tensor, open_checkpoint, refuse_quantised
from mappings.errors import FormatError
from tests.support.memory import memory_below
from tests.support.mxnet_scripts import in_mxnet
from tests.support.params_lies import LIES, SOUND
from tests.support.params_writer import CODES, NONE, csr, dense, params, row_sparse, sparse

SCRIPT = Path(__file__).parent / "support" / "mxnet_files.py"
IN_A_FOLDER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)
# MXNet 1.9.1 knows no 16-bit integers, and no unsigned ones beyond 8 bits
KNOWN_TO_MXNET = [name for name in CODES if name not in ("int16", "uint16", "uint32", "uint64")]


def any_bits(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    """An array of any bits at all: NaNs with a payload, infinities, subnormal numbers, -0."""
    kind = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    raw = np.random.default_rng(seed).bytes(int(np.prod(shape, dtype=int)) * kind.itemsize)
    if dtype == "bool":
        return (np.frombuffer(raw, "u1") % 2).astype(bool).reshape(shape)
    return np.frombuffer(raw, kind).reshape(shape)


ARRAY = any_bits("float32", (2, 3))
MADE = {
    **{
        f"v{version}-{dtype}": params([dense(any_bits(dtype, (3, 5)), version)], ["w"])
        for version in (0, 1, 2, 3)
        for dtype in KNOWN_TO_MXNET
    },
    "v0-to-v2-in-one": params([dense(ARRAY, version) for version in (0, 1, 2)], "abc"),
    "v3-none": params([NONE["v3-dim"], dense(ARRAY, 3)], "ab"),
    "v3-scalar": params([dense(any_bits("float64", ()), 3)]),
    "v3-zero-size": params([dense(np.zeros((2, 0, 3), "float16"), 3), dense(ARRAY, 3)]),
    **{
        f"device-{device}-{number}": params([dense(ARRAY, 2, context=(device, number))], ["w"])
        for device, number in ((1, 7), (3, 0), (5, 0))
    },
    "v0-7d": params([dense(any_bits("float32", (2,) * 7), 0)]),
    "sparse": params([row_sparse(), csr(), dense(ARRAY)], "abc"),
    "sparse-stale-storage-shape": params([row_sparse(claimed=(0, 2)), csr(claimed=(0,))], "ab"),
    "sparse-unallocated": params([csr(indptr=(), indices=()), row_sparse(indices=())], "ab"),
}
WRITTEN = (
    *(f"dtype-{name}" for name in KNOWN_TO_MXNET),
    *("ndims", "names", "list", "empty-list", "np-scalars", "np-zero-size", "row-sparse", "csr"),
    *("sparse-settled", "sparse-zeros", "sparse-float64", "row-sparse-unsorted", "csr-unsorted"),
    *("save-parameters", "collect-params", "export-0000", "quantised"),
)


@pytest.fixture(scope="session")
def mxnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which MXNet wrote and read."""
    folder = tmp_path_factory.mktemp("mxnet")
    (folder / "made").mkdir()
    for name, content in MADE.items():
        (folder / "made" / f"{name}.params").write_bytes(content)
    in_mxnet(SCRIPT, folder)
    return folder


def assert_same_bits(tensor: Tensor, expected: np.ndarray[Any, Any]) -> None:
    array = tensor.array()
    assert tensor.shape == array.shape == expected.shape
    assert tensor.dtype == array.dtype.name
    if tensor.dtype != "bfloat16":  # for which MXNet has numpy's nearest, a structure
        assert array.dtype == expected.dtype
    assert array.tobytes() == expected.tobytes()


def assert_as_mxnet_reads_it(file: Path) -> None:
    checkpoint = open_checkpoint(file)
    with np.load(f"{file}.npz") as read:
        count, *names = read["names"].tolist()
        assert len(checkpoint.tensors) == int(count)
        assert checkpoint.named == bool(names)
        numbered = [str(position) for position in range(int(count))]
        assert [tensor.name for tensor in checkpoint.tensors] == (names or numbered)
        for position, tensor in enumerate(checkpoint.tensors):
            if str(position) in read:
                assert_same_bits(tensor, read[str(position)])
            else:
                assert (tensor.storage, tensor.dtype) == ("none", None)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_mxnet_wrote_reads_as_mxnet_reads_it(name: str, mxnet: Path) -> None:
    assert_as_mxnet_reads_it(mxnet / "written" / f"{name}.params")


def test_nothing_that_mxnet_wrote_goes_uncompared(mxnet: Path) -> None:
    assert sorted(WRITTEN) == sorted(file.stem for file in (mxnet / "written").glob("*.params"))


@pytest.mark.parametrize("name", MADE)
def test_what_others_wrote_reads_as_mxnet_reads_it(name: str, mxnet: Path) -> None:
    assert_as_mxnet_reads_it(mxnet / "made" / f"{name}.params")


def test_a_scalar_that_mxnet_writes_and_cannot_read_is_read(mxnet: Path) -> None:
    scalar, after = open_checkpoint(mxnet / "scalar-v2.params").tensors
    assert_same_bits(scalar, np.array(2.5, "float32"))
    assert_same_bits(after, np.ones((2,), "float32"))


def test_a_network_that_mxnet_quantised_is_listed_and_refused(mxnet: Path) -> None:
    checkpoint = open_checkpoint(mxnet / "written" / "quantised.params")
    assert {tensor.dtype for tensor in checkpoint.tensors} == {"int8", "float32"}
    with pytest.raises(FormatError, match="int8-quantised export"):
        refuse_quantised(checkpoint)


def read(tmp_path: Path, content: bytes) -> Checkpoint:
    file = tmp_path / "file.params"
    file.unlink(missing_ok=True)  # what is still mapped of the last one stays as it was
    file.write_bytes(content)
    return open_checkpoint(file)


@pytest.mark.parametrize("version", range(4))
def test_the_format_names_the_highest_version_in_the_file(version: int, tmp_path: Path) -> None:
    records = [dense(ARRAY, each) for each in range(version + 1)]
    assert read(tmp_path, params(records[::-1])).format == f"params-v{version}"


@st.composite
def arrays(draw: st.DrawFn) -> tuple[int, np.ndarray[Any, Any]]:
    """A version, and an array that it can hold."""
    version = draw(st.integers(0, 3))
    shapes = array_shapes(min_dims=0 if version > 1 else 1, max_dims=5, min_side=0, max_side=4)
    dtype, shape, seed = draw(st.tuples(st.sampled_from(list(CODES)), shapes, st.integers(0)))
    return version, any_bits(dtype, shape, seed)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@IN_A_FOLDER
@given(st.dictionaries(TEXT, arrays(), max_size=6))
def test_any_arrays_under_any_names_come_back(
    tmp_path: Path, written: dict[str, tuple[int, np.ndarray[Any, Any]]]
) -> None:
    records = [dense(array, version) for version, array in written.values()]
    checkpoint = read(tmp_path, params(records, list(written)))
    content = checkpoint.path.read_bytes()
    assert [tensor.name for tensor in checkpoint.tensors] == list(written)
    for tensor, (_, array) in zip(checkpoint.tensors, written.values(), strict=True):
        assert_same_bits(tensor, array)
        assert tensor.storage == "dense"
        assert content[tensor.offset :].startswith(array.tobytes())


@IN_A_FOLDER
@given(st.data())
def test_any_sparse_array_comes_back_dense(tmp_path: Path, data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6))
    full = np.array(data.draw(st.lists(st.sampled_from([0, 0, 1.5, -2]), min_size=36, max_size=36)))
    full = full[: shape[0] * shape[1]].reshape(shape)
    index = data.draw(st.sampled_from(["int32", "int64"]))
    rows = np.flatnonzero(full.any(axis=1)).astype(index)
    indptr = np.concatenate([[0], np.cumsum((full != 0).sum(axis=1))]).astype(index)
    columns = np.nonzero(full)[1].astype(index)
    records = [
        sparse(1, shape, full[rows], (rows,)),
        sparse(2, shape, full[full != 0], (indptr, columns)),
    ]
    by_rows, compressed = read(tmp_path, params(records)).tensors
    assert (by_rows.storage, compressed.storage) == ("row_sparse", "csr")
    assert_same_bits(by_rows, full)
    assert_same_bits(compressed, full)


def test_dense_arrays_are_read_only_views_of_the_file(tmp_path: Path) -> None:
    large = np.arange(2**22, dtype="float32")
    content = params([dense(large)], ["odd length"])
    (tensor,) = read(tmp_path, content).tensors
    with memory_below(100_000):
        array = tensor.array()
    assert not array.flags.writeable
    assert not array.flags.owndata
    np.testing.assert_array_equal(array, large)


def test_a_view_outlives_the_checkpoint(tmp_path: Path) -> None:
    array = read(tmp_path, params([dense(ARRAY)], ["w"])).tensors[0].array()
    assert array.tobytes() == ARRAY.tobytes()


@pytest.mark.parametrize("version", NONE)
def test_an_array_without_values_is_none_and_has_no_values(version: str, tmp_path: Path) -> None:
    none, after = read(tmp_path, params([NONE[version], dense(ARRAY)], ["void", "w"])).tensors
    assert (none.storage, none.dtype, none.shape) == ("none", None, ())
    assert_same_bits(after, ARRAY)
    with pytest.raises(FormatError, match="saved as none") as caught:
        none.array()
    assert (caught.value.array, caught.value.offset) == ("void", 24)


def refusal(tmp_path: Path, content: bytes) -> FormatError:
    """The error of reading a file and every array in it, for which no memory was taken."""
    (tmp_path / "file.params").write_bytes(content)
    with memory_below(1_000_000 + 2 * len(content)):
        with pytest.raises(FormatError) as caught:
            for tensor in open_checkpoint(tmp_path / "file.params").tensors:
                tensor.array()
    assert "\n" not in str(caught.value)
    assert caught.value.file == str(tmp_path / "file.params")
    return caught.value


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused_where_it_stands(name: str, tmp_path: Path) -> None:
    content, what = LIES[name]
    error = refusal(tmp_path, content)
    assert what in error.what
    assert error.offset is not None
    assert 0 <= error.offset <= len(content)


def test_an_error_in_an_array_names_its_position_and_one_behind_the_arrays_none(
    tmp_path: Path,
) -> None:
    arrays = [dense(ARRAY), dense(ARRAY, code=13), dense(ARRAY)]
    assert refusal(tmp_path, params(arrays, "abc")).array == "2 of 3"
    assert refusal(tmp_path, params(arrays[::2], [b"a", b"\xff"])).array is None
    assert refusal(tmp_path, params([row_sparse(indices=(4, 4))], ["w"])).array == "w"


def test_the_lies_are_no_fewer_than_those_mxnet_was_measured_with() -> None:
    assert len(LIES) >= 84


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    for length in range(1, len(SOUND)):
        error = refusal(tmp_path, SOUND[:length])
        assert "needs" in error.what
        assert error.offset is not None
        assert error.offset <= length


def structure(checkpoint: Checkpoint) -> list[tuple[object, ...]]:
    return [(t.name, t.shape, t.dtype, t.storage, t.offset) for t in checkpoint.tensors]


EDITS = st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=4)


@settings(IN_A_FOLDER, max_examples=600)
@given(EDITS, st.integers(0, len(SOUND)), st.binary(max_size=9))
@example([], len(SOUND), b"")
def test_a_damaged_file_reads_to_arrays_within_it_or_is_refused(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int, inserted: bytes
) -> None:
    content = bytearray(SOUND)
    for position, value in edits:
        content[position] = value
    content[cut:cut] = inserted
    try:
        checkpoint = read(tmp_path, bytes(content))
        arrays = [(t, t.array()) for t in checkpoint.tensors if t.storage != "none"]
    except FormatError:
        assert content != SOUND
        return
    assert structure(checkpoint) == structure(open_checkpoint(checkpoint.path))
    assert len({tensor.name for tensor in checkpoint.tensors}) == len(checkpoint.tensors)
    for tensor, array in arrays:
        assert (array.shape, array.dtype.name) == (tensor.shape, tensor.dtype)
        if tensor.storage == "dense":
            assert content[tensor.offset :].startswith(array.tobytes())
