"""The .npz and .npy readers against MXNet 2.0 and numpy, and against zips that lie."""

from __future__ import annotations

import io
import pickle
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from struct import pack
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convert.formats import Checkpoint, open_checkpoint
from mappings.errors import FormatError
from tests.support.memory import memory_below
from tests.support.params_writer import dense, params

SCRIPT = Path(__file__).parent / "support" / "mxnet2_files.py"
IN_A_FOLDER = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
)
# the types of a list file that MXNet 1.9.1 does not know
NEWER = ("int16", "uint16", "uint32", "uint64")
WRITTEN = (
    *("dtypes", "names", "ndims", "zero-size", "numbered", "sparse", "sparse-zeros"),
    *("one", "scalar", "save-parameters.params", "export-0000.params"),
    *(f"list-{dtype}.params" for dtype in NEWER),
)


@pytest.fixture(scope="session")
def mxnet2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which MXNet 2.0 wrote and read."""
    folder = tmp_path_factory.mktemp("mxnet2")
    for dtype in NEWER:
        values = np.frombuffer(np.random.default_rng(0).bytes(48), dtype)
        (folder / f"list-{dtype}.params").write_bytes(params([dense(values)], ["w"]))
    subprocess.run(["uv", "run", "--script", SCRIPT, folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", WRITTEN)
def test_what_mxnet_2_reads_is_read_as_it_reads_it(name: str, mxnet2: Path) -> None:
    checkpoint = open_checkpoint(mxnet2 / name)
    with np.load(mxnet2 / f"{name}.npz") as read:
        count, *names = read["names"].tolist()
        assert len(checkpoint.tensors) == int(count)
        assert sorted(tensor.name for tensor in checkpoint.tensors) == sorted(names or ["0"])
        assert checkpoint.named == bool(names)
        for tensor in checkpoint.tensors:
            expected = read[str(names.index(tensor.name)) if names else "0"]
            array = tensor.array()
            assert (tensor.shape, tensor.dtype) == (expected.shape, expected.dtype.name)
            assert (array.shape, array.dtype) == (expected.shape, expected.dtype)
            assert array.tobytes() == expected.tobytes()


def test_nothing_that_mxnet_2_reads_goes_uncompared(mxnet2: Path) -> None:
    read = {file.name for file in mxnet2.iterdir() if Path(f"{file}.npz").exists()}
    assert read == set(WRITTEN)


def test_bfloat16_that_mxnet_2_writes_and_cannot_read_is_read(mxnet2: Path) -> None:
    exact, narrow = open_checkpoint(mxnet2 / "bfloat16").tensors
    assert narrow.dtype == "bfloat16"
    expected = exact.array().astype(ml_dtypes.bfloat16)
    assert narrow.array().tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("name", "format"), [("sparse", "npz"), ("one", "npy"), ("save-parameters.params", "npz")]
)
def test_the_format_is_told_by_content(name: str, format: str, mxnet2: Path) -> None:
    assert open_checkpoint(mxnet2 / name).format == format


def read(tmp_path: Path, content: bytes) -> Checkpoint:
    file = tmp_path / "file"
    file.unlink(missing_ok=True)  # what is still mapped of the last one stays as it was
    file.write_bytes(content)
    return open_checkpoint(file)


def savez(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_text(header: str, values: bytes = b"", version: bytes = b"\1\0") -> bytes:
    encoded = header.encode("latin-1")
    return b"\x93NUMPY" + version + pack("<H", len(encoded)) + encoded + values


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the names that occur twice
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


NAMES = st.text(st.characters(categories=["L", "N"], max_codepoint=2000), min_size=1, max_size=9)
NUMBERS = hnp.boolean_dtypes() | hnp.floating_dtypes(sizes=(16, 32, 64)) | hnp.integer_dtypes()
NUMBERS |= hnp.unsigned_integer_dtypes() | hnp.integer_dtypes(endianness=">")
ARRAYS = hnp.arrays(NUMBERS, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))


@IN_A_FOLDER
@given(st.dictionaries(NAMES, st.tuples(ARRAYS, st.booleans()), min_size=1, max_size=4))
def test_whatever_numpy_saves_comes_back(
    tmp_path: Path, written: dict[str, tuple[np.ndarray[Any, Any], bool]]
) -> None:
    arrays = {n: np.asfortranarray(a) if fortran else a for n, (a, fortran) in written.items()}
    checkpoint = read(tmp_path, savez(**arrays))
    assert [tensor.name for tensor in checkpoint.tensors] == list(arrays)
    for tensor, expected in zip(checkpoint.tensors, arrays.values(), strict=True):
        array = tensor.array()
        little = expected.astype(expected.dtype.newbyteorder("<"))
        assert array.dtype == little.dtype
        assert array.shape == little.shape
        assert array.flags.c_contiguous
        assert array.tobytes() == little.tobytes()


def test_arrays_are_read_only_views_of_the_zip(tmp_path: Path) -> None:
    large = np.arange(2**22, dtype="float32")
    (tensor,) = read(tmp_path, savez(w=large)).tensors
    with memory_below(100_000):
        array = tensor.array()
    assert not array.flags.writeable
    assert not array.flags.owndata
    np.testing.assert_array_equal(array, large)


CSR = (
    ("c/data.npy", npy(np.array([1.5, 2, 3]))),
    ("c/indices.npy", npy(np.array([0, 2, 1], "int32"))),
    ("c/indptr.npy", npy(np.array([0, 2, 2, 3], "int32"))),
    ("c/format.npy", npy(np.array(b"csr"))),
    ("c/shape.npy", npy(np.array([3, 4]))),
)


def csr(**parts: bytes) -> bytes:
    """A zip of one csr array, some of its parts replaced."""
    return zipped(*((n, parts.get(Path(n).stem, content)) for n, content in CSR))


def test_a_sparse_matrix_as_scipy_lays_it_out_comes_back_dense(tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, csr()).tensors
    assert (tensor.name, tensor.storage, tensor.shape) == ("c", "csr", (3, 4))
    np.testing.assert_array_equal(tensor.array(), SPREAD)


def test_folders_of_the_zip_are_passed_over(tmp_path: Path) -> None:
    content = zipped(("a/", b""), ("a/w.npy", npy(np.ones(2))))
    assert [tensor.name for tensor in read(tmp_path, content).tensors] == ["a/w"]


def row_sparse(*shape: int) -> bytes:
    """A zip of one row_sparse array of shape (6, 2), with values of ``shape`` for its 2 rows."""
    parts = {"data": np.ones(shape), "indices": np.array([1, 4]), "shape": np.array([6, 2])}
    parts["format"] = np.array(b"row_sparse")
    return zipped(*((f"r/{part}.npy", npy(array)) for part, array in parts.items()))


def test_stored_rows_come_back_among_zeros(tmp_path: Path) -> None:
    (tensor,) = read(tmp_path, row_sparse(2, 2)).tensors
    assert (tensor.name, tensor.storage, tensor.shape) == ("r", "row_sparse", (6, 2))
    np.testing.assert_array_equal(tensor.array(), np.repeat([[0], [1], [0], [0], [1], [0]], 2, 1))


class Trap:
    """Its pickle, if ever loaded, raises."""

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        return exec, ("raise SystemExit('a pickle was loaded')",)


W = np.arange(6, dtype="float32").reshape(2, 3)
PLAIN = zipped(("w.npy", npy(W)), ("v.npy", npy(W)))
LOCAL, SECOND = 0, PLAIN.index(b"PK\3\4", 4)
CENTRAL, END = PLAIN.index(b"PK\1\2"), PLAIN.index(b"PK\5\6")
NEXT = PLAIN.index(b"PK\1\2", CENTRAL + 4)


def patched(at: int, value: bytes, content: bytes = PLAIN) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def compressed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, w=W)
    return stream.getvalue()


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"
DISAGREE = "contradicts the zip's directory"
ZIP_LIES = {
    "compressed": (compressed(), "zip -0"),
    "encrypted": (patched(CENTRAL + 8, b"\1\0"), "zip -0"),
    "checksum": (patched(CENTRAL + 16, b"\0\0\0\0"), "checksum of 'w.npy' is"),
    "values": (patched(PLAIN.index(W.tobytes()), b"\1"), "checksum of 'w.npy' is"),
    "twice": (zipped(("w.npy", npy(W)), ("w.npy", npy(W))), "the name occurs twice"),
    "dense-and-sparse": (zipped(*CSR, ("c.npy", npy(W))), "the name occurs twice"),
    "part-twice": (zipped(*CSR, CSR[0]), "which no MXNet array has"),
    "no-array": (zipped(("w.npy", npy(W)), ("README", b"words")), "no .npy array"),
    "name-empty": (zipped(("w.npy", npy(W)), ("", npy(W))), "no .npy array"),
    "name-nul": (PLAIN.replace(b"w.npy", b"\0.npy"), DISAGREE),
    "nul-in-name": (PLAIN.replace(b"w.npy", b"w\0npy"), DISAGREE),
    "local-mark": (patched(SECOND, b"PK\3\5"), DISAGREE),
    "local-method": (patched(LOCAL + 8, b"\x08\0"), DISAGREE),
    "local-packed-size": (patched(LOCAL + 18, b"\1"), DISAGREE),
    "local-size": (patched(LOCAL + 22, b"\1"), DISAGREE),
    "local-name": (patched(LOCAL + 30, b"x"), DISAGREE),
    "local-name-length": (patched(LOCAL + 26, b"\6"), DISAGREE),
    "local-extra-length": (patched(LOCAL + 28, b"\1"), "contradicts"),
    "local-extra-vast": (patched(LOCAL + 28, b"\xff\xff"), DISAGREE),
    "method": (patched(CENTRAL + 10, b"\x08\0"), "zip -0"),
    "packed-size": (patched(CENTRAL + 20, b"\1"), DISAGREE),
    "size": (patched(CENTRAL + 24, b"\1"), DISAGREE),
    "size-vast": (patched(CENTRAL + 20, b"\xfe\xff\xff\xff" * 2), DISAGREE),
    "offset": (patched(CENTRAL + 42, b"\1"), DISAGREE),
    "offset-beyond": (patched(CENTRAL + 42, b"\xfe\xff\xff\xff"), ""),
    "offsets-beyond": (
        patched(CENTRAL + 42, b"\xfe\xff\xff\0", patched(NEXT + 42, b"\xff\xff\xff\x7f")),
        "is said to be at byte",
    ),
    "overlap": (
        patched(NEXT + 42, b"\0\0\0\0"),
        "is said to be at byte",
    ),
    "directory-offset": (patched(END + 16, b"\xff\xff\xff"), "is said to be at byte"),
    "directory-size": (patched(END + 12, b"\xff\xff\xff"), "no sound directory"),
    "directory-cut": (PLAIN[: END - 4], "no sound directory"),
    "name-not-utf8": (
        patched(CENTRAL + 8, b"\0\x08", PLAIN.replace(b"w.npy", b"\xff.npy")),
        "no sound directory",
    ),
}
ARRAY_LIES = {
    "objects": (npy(np.array([Trap()], dtype=object)), "pickled Python objects"),
    "no-npy": (pickle.dumps(Trap()), "the array begins with"),
    "empty": (b"", "the array begins with"),
    "mark": (patched(5, b"X", npy(W)), "the array begins with b'\\x93NUMPX"),
    "version": (npy_text(HEADER, W.tobytes(), b"\4\0"), "expected b'\\x93NUMPY' and version"),
    "no-length": (npy(W)[:9], "the .npy header takes"),
    "length-vast": (patched(8, b"\xff\xff", npy(W)), "the .npy header takes 65535 bytes"),
    "length-beyond": (patched(8, pack("<H", 300), npy(W)), "the .npy header takes 300 bytes"),
    "length-short": (patched(8, b"\x20\0", npy(W)), "the .npy header is"),
    "header-vast": (npy_text(HEADER + " " * 10_000, W.tobytes()), "expected at most 10000"),
    "header-code": (npy_text("__import__('os').abort()"), "expected descr, fortran_order"),
    "header-nested": (npy_text("(" * 9000), "expected descr, fortran_order"),
    "header-more": (npy_text(HEADER.replace("}", "'x': 1}"), W.tobytes()), "expected descr"),
    "shape-less": (npy_text(HEADER.replace("3", "2"), W.tobytes()), "take 16 bytes; found 24"),
    "shape-more": (npy_text(HEADER.replace("3", "4"), W.tobytes()), ""),
    "shape-wraps": (npy_text(HEADER.replace("2, 3", f"{2**61 + 3}, 2"), W.tobytes()), "needs"),
    "shape-empty-and-vast": (npy_text(HEADER.replace("2, 3", f"{2**62}, 2, 0")), "address"),
    "shape-negative": (npy_text(HEADER.replace("3", "-3"), W.tobytes()), "expected descr"),
    "shape-of-digits": (npy_text(HEADER.replace("3", "3" * 5000), W.tobytes()), "expected descr"),
    "shape-65": (npy_text(HEADER.replace("2, 3", "1, " * 65), bytes(4)), "65 dimensions"),
    "text": (npy(np.array(["w"])), "is of type '<U1'"),
    "complex": (npy(np.ones(2, "complex64")), "is of type '<c8'"),
    "date": (npy(np.zeros(2, "datetime64[s]")), "is of type '<M8[s]'"),
    "structure": (npy(np.zeros(2, [("a", "<f4"), ("b", "<i4")])), "which no MXNet array has"),
    "void": (npy(np.zeros(2, "V2")), "is of type '|V2'"),
    "bool-2": (npy(np.array([0, 2], "u1")).replace(b"|u1", b"|b1"), "neither 0 nor 1"),
    "trailing": (npy(W) + b"\0", "take 24 bytes; found 25"),
    "cut": (npy(W)[:-1], ""),
}
SPARSE_LIES = {
    "format": (csr(format=npy(np.array(b"csc"))), "a sparse array of format b'csc'"),
    "format-row-sparse": (csr(format=npy(np.array(b"row_sparse"))), "format b'row_sparse'"),
    "format-empty": (csr(format=b""), "the array begins with b''"),
    "shape-negative": (csr(shape=npy(np.array([3, -4]))), "no dimension below 0"),
    "shape-float": (csr(shape=npy(np.array([3.0, 4]))), "a shape of float64 values"),
    "shape-65": (csr(shape=npy(np.ones(65, int))), "themselves of shape (65,)"),
    "shape-2d": (csr(shape=npy(np.array([[3, 4]]))), "themselves of shape (1, 2)"),
    "shape-3d": (csr(shape=npy(np.array([3, 4, 1]))), "do not make a csr array"),
    "shape-bomb": (csr(shape=npy(np.array([3, 2**40]))), "more than can be made here"),
    "column-outside": (csr(indices=npy(np.array([0, 4, 1]))), "sparse index 1 is 4"),
    "pointers-falling": (csr(indptr=npy(np.array([0, 2, 1, 3]))), "sparse index 2 is 1"),
    "row-wider": (row_sparse(2, 3), "do not make a row_sparse array of shape (6, 2)"),
    "rows-fewer": (row_sparse(1, 2), "do not make a row_sparse array of shape (6, 2)"),
    "values-fewer": (csr(data=npy(np.ones(2))), "do not make a csr array"),
    "columns-float": (csr(indices=npy(np.ones(3))), "sparse indices are float64"),
}
LIES = {
    **{f"zip-{name}": lie for name, lie in ZIP_LIES.items()},
    **{f"npy-{n}": (zipped(("w.npy", c)), what) for n, (c, what) in ARRAY_LIES.items()},
    **{f"sparse-{name}": lie for name, lie in SPARSE_LIES.items()},
}


def refusal(tmp_path: Path, content: bytes) -> FormatError:
    """The error of reading a file and every array in it, for which no memory was taken."""
    (tmp_path / "file").write_bytes(content)
    with memory_below(1_000_000):
        with pytest.raises(FormatError) as caught:
            for tensor in open_checkpoint(tmp_path / "file").tensors:
                tensor.array()
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused_where_it_stands(name: str, tmp_path: Path) -> None:
    content, what = LIES[name]
    error = refusal(tmp_path, content)
    assert what in error.what
    assert error.offset is not None
    assert 0 <= error.offset <= len(content)


def test_a_sparse_shape_is_checked_before_it_is_told(tmp_path: Path) -> None:
    shape = np.array([3, 4]).tobytes()
    with pytest.raises(FormatError, match=r"checksum of 'c/shape\.npy'"):
        read(tmp_path, csr().replace(shape, np.array([3, 5]).tobytes()))


def test_a_lone_array_that_lies_is_refused(tmp_path: Path) -> None:
    for content, what in ARRAY_LIES.values():
        if content.startswith(b"\x93NUMPY"):
            assert what in refusal(tmp_path, content).what


def test_a_zip_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    for length in range(1, len(PLAIN)):
        refusal(tmp_path, PLAIN[:length])


MIXED = zipped(*CSR, ("w.npy", npy(W)), ("v.npy", npy(np.asfortranarray(W))))
PARTS = [content[128:] for name, content in CSR if "format" not in name]
SPREAD = np.array([[1.5, 0, 2, 0], [0] * 4, [0, 3, 0, 0]])


@settings(IN_A_FOLDER, max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(MIXED) - 1), st.integers(0, 255)), max_size=4),
    st.integers(0, len(MIXED)),
    st.binary(max_size=4),
)
@example([], len(MIXED), b"")
def test_a_damaged_zip_gives_its_own_arrays_or_is_refused(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int, inserted: bytes
) -> None:
    content = bytearray(MIXED)
    for position, value in edits:
        content[position] = value
    content[cut:cut] = inserted
    try:
        arrays = {t.name: t.array().tobytes() for t in read(tmp_path, bytes(content)).tensors}
    except FormatError:
        assert content != MIXED
        return
    # damage that goes through has renamed an array, or stands where no array is
    assert set(arrays.values()) <= {W.tobytes(), SPREAD.tobytes(), *PARTS}
