"""List files that lie, each in one place, with a piece of what is to be said about it."""

from __future__ import annotations

from struct import pack

import numpy as np

from tests.support.params_writer import (
    MARKS,
    NONE,
    csr,
    dense,
    head,
    name_field,
    params,
    row_sparse,
    shape_field,
)

W = np.arange(6, dtype="float32").reshape(2, 3)
BYTES = W.tobytes()
ONE = [dense(W)]
SOUND = params(
    [
        dense(W, 0),
        dense(W, 1),
        dense(W, 2),
        dense(W, 3),
        row_sparse(),
        csr(),
        NONE["v0"],
        NONE["v3"],
    ],
    ["a", "bc", "", "é", "f", "g", "h", "i"],
)


def one(record: bytes) -> bytes:
    """A file of one array and its name."""
    return params([record], ["w"])


LIST = {
    "reserved": (params(ONE, ["w"], reserved=1), "reserved field is 0x1"),
    "count-one-less": (params(ONE * 2, ["v", "w"], count=1), "names for 1 array"),
    "count-one-more": (params(ONE, ["w"], count=2), "needs"),
    "count-2^61": (params(ONE, ["w"], count=2**61), "a list of 2305843009213693952 arrays needs"),
    "count-2^64-1": (params(ONE, ["w"], count=2**64 - 1), "arrays needs"),
    "count-of-nones": (params([NONE["v0"]] * 100_001), "expected at most 100000"),
    "no-names-section": (params(ONE)[:-8], "the number of names needs 8 bytes"),
    "names-one-less": (params(ONE * 2, ["w"]), "1 name for 2 arrays"),
    "names-one-more": (params(ONE, ["v", "w"]), "2 names for 1 array"),
    "names-2^63": (params(ONE, ["w"], name_count=2**63), "names for 1 array"),
    "names-none-but-there": (params(ONE, ["w"], name_count=0), "9 bytes follow"),
    "names-for-no-arrays": (params([], ["w"]), "1 name for 0 arrays"),
    "trailing-byte": (params(ONE, ["w"]) + b"\0", "1 bytes follow the last name"),
    "trailing-file": (params(ONE, ["w"]) * 2, "bytes follow the last name"),
    "trailing-after-list": (params(ONE) + b"\0" * 8, "8 bytes follow the last name"),
    "duplicate-name": (params(ONE * 2, ["w", "w"]), "name 2 of 2 occurs twice"),
    "duplicate-empty-name": (params(ONE * 2, ["", ""]), "name 2 of 2 occurs twice"),
    "nul-in-name": (params(ONE, ["w\0v"]), "name 1 of 1 contains a NUL"),
    "nul-name": (params(ONE, ["\0"]), "contains a NUL"),
    "name-not-utf8": (params(ONE, [b"w\xff"]), "not UTF-8"),
    "name-cut-utf8": (params(ONE, ["é".encode()[:1]]), "not UTF-8"),
    "name-overlong-utf8": (params(ONE, [b"\xc0\x80"]), "not UTF-8"),
    "name-surrogate": (params(ONE, [b"\xed\xa0\x80"]), "not UTF-8"),
    **{
        f"name-length-{length}": (params(ONE)[:-8] + pack("<Q", 1) + name_field("w", length), what)
        for length, what in (
            (0, "1 bytes follow"),
            (2, "name 1 of 1 needs 2 bytes"),
            (2**31, "needs 2147483648 bytes"),
            (2**63, "needs"),
            (2**64 - 1, "needs"),
        )
    },
}
RECORD = {
    f"v{version}-{name}": (one(record), what)
    for version in range(4)
    for name, record, what in (
        ("ndim-one-less", head(version, (2, 3), ndim=1) + BYTES, ""),
        ("ndim-one-more", head(version, (2, 3), ndim=3) + BYTES, ""),
        ("ndim-65", head(version, (1,) * 65) + bytes(4), "expected"),
        ("ndim-2^31-1", head(version, (2, 3), ndim=2**31 - 1) + BYTES, "expected"),
        ("dim-one-more", head(version, (3, 3)) + BYTES, "names needs 8 bytes"),
        ("dim-one-less", head(version, (1, 3)) + BYTES, ""),
        ("dim-2^31", head(version, (2**31, 3)) + BYTES, "needs 25769803776 bytes"),
        ("dims-wrap-32-bits", head(version, (2**31, 2)) + BYTES, "needs 17179869184 bytes"),
        ("dtype--1", head(version, (2, 3), code=-1) + BYTES, "dtype code is -1"),
        ("dtype-13", head(version, (2, 3), code=13) + BYTES, "dtype code is 13; expected 0"),
        ("dtype-2^31-1", head(version, (2, 3), code=2**31 - 1) + BYTES, "dtype code"),
        ("dtype-wider", head(version, (2, 3), code=1) + BYTES, "needs 48 bytes"),
        ("dtype-narrower", head(version, (2, 3), code=2) + BYTES, ""),
        ("device-0", head(version, (2, 3), context=(0, 0)) + BYTES, "device is of type 0"),
        ("device-77", head(version, (2, 3), context=(77, 0)) + BYTES, "device is of type 77"),
        ("device-number", head(version, (2, 3), context=(1, -1)) + BYTES, "number -1"),
        ("bool-2", head(version, (3,), code=7) + b"\0\1\2", "boolean is neither 0 nor 1"),
    )
}
WIDE = {
    f"v{version}-{name}": (one(record), what)
    for version in (1, 2, 3)
    for name, record, what in (
        ("ndim--2", head(version, (2, 3), ndim=-2) + BYTES, "-2 dimensions"),
        ("ndim--2^31", head(version, (2, 3), ndim=-(2**31)) + BYTES, "dimensions; expected"),
        ("dim--2", head(version, (2, -2)) + BYTES, "no dimension below 0"),
        ("dims--2-and--1", head(version, (-1, -2)) + BYTES, "no dimension below 0"),
        ("dim--2^63", head(version, (-(2**63), 3)) + BYTES, "no dimension below 0"),
        ("dims-wrap-64-bits", head(version, (2**61 + 3, 2)) + BYTES, "needs 18446744073709551640"),
        ("dims-wrap-to-0", head(version, (2**62, 4)) + BYTES, "needs"),
        ("dims-2^63-1", head(version, (2**63 - 1,) * 64) + BYTES, "needs"),
        ("dims-empty-and-vast", head(version, (2**62, 2, 0)), "more than a machine can address"),
    )
}
STORAGE = {
    "v1-ndim--1": (one(head(1, (2, 3), ndim=-1) + BYTES), "shape is unknown (-1)"),
    "v1-dim--1": (one(head(1, (2, -1)) + BYTES), "shape is unknown (-1)"),
    "v2-ndim--1": (one(head(2, (2, 3), ndim=-1) + BYTES), "shape is unknown (-1)"),
    "v2-dim--1": (one(head(2, (2, -1)) + BYTES), "shape is unknown (-1)"),
    "v3-none-with-values": (one(head(3, (2, -1)) + BYTES), "bytes follow the last name"),
    "mark-of-no-version": (
        one(pack("<I", 0xF993FACB) + dense(W)[4:]),
        "begins with 0xf993facb; expected a version mark",
    ),
    "mark-big-endian": (one(MARKS[2][::-1] + dense(W)[4:]), "begins with 0xc9fa93f9"),
    **{
        f"v{version}-storage-{code}": (
            one(head(version, (2, 3), storage=code) + BYTES),
            f"storage type of a V{version} array is {code}",
        )
        for version, codes in ((2, (-1, 3, 99, 2**31 - 1)), (3, (-1, 1, 2, 3)))
        for code in codes
    },
    "dense-as-row-sparse": (one(head(2, (2, 3), storage=1) + BYTES), ""),
    "dense-as-csr": (one(head(2, (2, 3), storage=2) + BYTES), ""),
}
SPARSE = {
    name: (one(record), what)
    for name, record, what in (
        ("row-outside", row_sparse(indices=(1, 6)), "index 1 is 6; expected 0 or more and below 6"),
        ("row-far-outside", row_sparse(indices=(1, 2**62)), "index 1 is 4611686018427387904"),
        ("row-negative", row_sparse(indices=(-1, 4)), "index 0 is -1"),
        ("row-twice", row_sparse(indices=(4, 4)), "index 1 is 4; expected each index once"),
        ("rows-one-less", row_sparse(aux_shapes=[shape_field((1,))]), ""),
        ("rows-one-more", row_sparse(aux_shapes=[shape_field((3,))]), ""),
        ("rows-2^62", row_sparse(aux_shapes=[shape_field((2**62,))]), "needs"),
        ("rows-wrap", row_sparse(aux_shapes=[shape_field((2**61 + 2,))]), "needs"),
        ("rows-scalar", row_sparse(aux_shapes=[shape_field(())]), ""),
        ("rows-2d", row_sparse(aux_shapes=[shape_field((2, 1))]), "do not make a row_sparse array"),
        ("rows-unknown", row_sparse(aux_shapes=[shape_field((-1,))]), "unknown (-1)"),
        ("rows-ndim-65", row_sparse(aux_shapes=[shape_field((), 65)]), "65 dimensions"),
        ("rows-float", row_sparse(aux_codes=[1]), "sparse indices are float64; expected"),
        ("rows-unsigned", row_sparse(aux_codes=[11]), "sparse indices are uint64; expected"),
        ("rows-dtype", row_sparse(aux_codes=[13]), "dtype code is 13"),
        ("rows-narrower", row_sparse(aux_codes=[4]), ""),
        (
            "rows-claimed-fewer",
            row_sparse(claimed=(1, 2)),
            "storage shape is (1, 2); expected (2, 2)",
        ),
        (
            "rows-claimed-more",
            row_sparse(claimed=(2**40, 2)),
            "storage shape is (1099511627776, 2)",
        ),
        ("rows-claimed-wider", row_sparse(claimed=(2, 3)), "storage shape is (2, 3)"),
        ("rows-claimed-1d", row_sparse(claimed=(2,)), "storage shape is (2,)"),
        ("row-wider", row_sparse(shape=(6, 3), values=np.ones((2, 2), "float32")), ""),
        ("row-of-scalar", row_sparse(shape=(), values=np.ones((2,), "float32")), "do not make"),
        ("row-bomb", row_sparse(shape=(2**40, 2)), "more than can be made here"),
        ("row-bomb-1gib", row_sparse(shape=(2**27 + 1, 2)), "more than can be made here"),
        ("row-bomb-2^63", row_sparse(shape=(2**63 - 1, 2)), "more than can be made here"),
        ("row-empty-and-vast", row_sparse(shape=(2**63 - 1, 0)), "sparse storage stand for"),
        ("pointers-not-from-0", csr(indptr=(1, 2, 2, 3)), "index 0 is 1; expected 0 at the start"),
        ("pointers-falling", csr(indptr=(0, 2, 1, 3)), "index 2 is 1; expected"),
        ("pointers-negative", csr(indptr=(0, -1, 2, 3)), "index 1 is -1; expected"),
        ("pointers-far", csr(indptr=(0, 2**62, 2**62, 2**62)), "index 3 is 4611686018427387904"),
        ("pointers-end-early", csr(indptr=(0, 2, 2, 2)), "index 3 is 2; expected 3 at the end"),
        ("pointers-end-late", csr(indptr=(0, 2, 2, 4)), "index 3 is 4; expected 3 at the end"),
        ("pointers-one-less", csr(indptr=(0, 2, 3)), "do not make a csr array of shape (3, 4)"),
        ("pointers-one-more", csr(indptr=(0, 2, 2, 3, 3)), "do not make a csr array"),
        ("pointers-absent", csr(indptr=()), "do not make a csr array"),
        ("column-outside", csr(indices=(0, 4, 1)), "index 1 is 4; expected 0 or more and below 4"),
        ("column-negative", csr(indices=(0, -2, 1)), "index 1 is -2"),
        ("column-twice", csr(indices=(2, 2, 1)), "index 1 is 2; expected each index once"),
        ("columns-float", csr(aux_codes=[6, 1]), "sparse indices are float64"),
        ("pointers-float", csr(aux_codes=[1, 6]), "sparse indices are float64"),
        ("columns-2d", csr(aux_shapes=[shape_field((4,)), shape_field((3, 1))]), "do not make"),
        ("csr-claimed", csr(claimed=(4,)), "storage shape is (4,); expected (3,)"),
        ("csr-1d", csr(shape=(3,)), "do not make a csr array of shape (3,)"),
        ("csr-3d", csr(shape=(3, 4, 1)), "do not make a csr array of shape (3, 4, 1)"),
        ("csr-bomb", csr(shape=(3, 2**40)), "more than can be made here"),
        ("csr-zeros-bomb", csr((2**30, 2**30), (), ()), "more than can be made here"),
    )
}
LIES = {**LIST, **RECORD, **WIDE, **STORAGE, **SPARSE}
