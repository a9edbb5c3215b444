"""Cases of products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import OperatorCase


def transposes(draw: Draw) -> tuple[dict[str, object], bool, bool]:
    first, second = draw.cycle(None, True, False, True), draw.cycle(None, True, False, every=4)
    attributes: dict[str, object] = {}
    if first is not None:
        attributes["transpose_a"] = first
    if second is not None:
        attributes["transpose_b"] = second
    return attributes, bool(first), bool(second)


def dot(draw: Draw) -> OperatorCase:
    attributes, first, second = transposes(draw)
    summed = draw.integer(1, 5)
    left = draw.shape(draw.choice(0, 1, 1, 1, 2), 1, 4)
    right = draw.shape(draw.choice(0, 1, 1, 1, 2), 1, 4)
    if not left and not right:  # vectors, which cannot be transposed
        attributes, first, second = {}, False, False
    a = (summed, *left) if first else (*left, summed)
    b = (*right, summed) if second else (summed, *right)
    return draw.case(attributes, draw.uniform(a, -2, 2), draw.uniform(b, -2, 2))


def batch_dot(draw: Draw) -> OperatorCase:
    attributes, first, second = transposes(draw)
    rows, summed, columns = draw.shape(3, 1, 5)
    batch = (draw.choice(1, 3), *draw.shape(draw.choice(0, 0, 1), 1, 3))
    a = (*batch, summed, rows) if first else (*batch, rows, summed)
    b = (*batch, columns, summed) if second else (*batch, summed, columns)
    numpy = draw.name.startswith("_np")
    return draw.case(attributes, draw.uniform(a, -2, 2), draw.uniform(b, -2, 2), numpy=numpy)


def numpy_dot(draw: Draw) -> OperatorCase:
    summed = draw.integer(1, 5)
    kind = draw.cycle("matrices", "vectors", "tensor", "scalar", "tensors")
    rows, columns, batch = draw.shape(3, 1, 4)
    shapes = {
        "matrices": ((rows, summed), (summed, columns)),
        "vectors": ((summed,), (summed,)),
        "tensor": ((batch, rows, summed), draw.choice((summed,), (summed, columns))),
        "scalar": draw.choice(((), (rows, columns)), ((batch, rows), ())),
        "tensors": ((batch, rows, summed), (2, summed, columns)),
    }[kind]
    return draw.case({}, *(draw.uniform(shape, -2, 2) for shape in shapes), numpy=True)


def matmul(draw: Draw) -> OperatorCase:
    rows, summed, columns, batch = draw.shape(4, 1, 4)
    kind = draw.cycle("matrices", "vectors", "batches", "broadcast", "row", "column")
    shapes = {
        "matrices": ((rows, summed), (summed, columns)),
        "vectors": ((summed,), (summed,)),
        "batches": ((batch, rows, summed), (batch, summed, columns)),
        "broadcast": ((2, 1, rows, summed), (batch, summed, columns)),
        "row": ((summed,), (batch, summed, columns)),
        "column": ((batch, rows, summed), (summed,)),
    }[kind]
    return draw.case({}, *(draw.uniform(shape, -2, 2) for shape in shapes), numpy=True)


def tensordot(draw: Draw) -> OperatorCase:
    one, two, rows, columns = draw.shape(4, 1, 4)
    kind = draw.cycle("last", "two", "swapped")
    attributes, a, b = {
        "last": (("(1,)", "(0,)"), (rows, one), (one, two, columns)),
        "two": (("(1, 2)", "(0, 1)"), (rows, one, two), (one, two, columns)),
        "swapped": (("(0, 2)", "(1, 0)"), (one, rows, two), (two, one, columns)),
    }[kind]
    axes = {"a_axes_summed": attributes[0], "b_axes_summed": attributes[1]}
    return draw.case(axes, draw.uniform(a, -2, 2), draw.uniform(b, -2, 2), numpy=True)


def tensordot_by_count(draw: Draw) -> OperatorCase:
    count = draw.cycle(1, 2, 0)
    summed, left, right = draw.shape(count), draw.shape(draw.integer(1, 2)), draw.shape(1)
    a, b = (*left, *summed), (*summed, *right)
    operands = draw.uniform(a, -2, 2), draw.uniform(b, -2, 2)
    return draw.case({"axes": count}, *operands, numpy=True)


def einsum(draw: Draw) -> OperatorCase:
    letters = draw.cycle(
        "ij,jk->ik",
        "bij,bjk->bik",
        "ij,kj",
        "bhid,bhjd->bhij",
        "ii->i",
        "ijk->kji",
        "i,j->ij",
        "ij->",
        "bi,bi->b",
        "ij, jk, kl -> il",
    )
    terms = letters.replace(" ", "").partition("->")[0].split(",")
    sizes = {letter: draw.integer(1, 4) for letter in "bhijkld"}
    operands = [draw.uniform([sizes[letter] for letter in term], -2, 2) for term in terms]
    attributes: dict[str, object] = {"num_args": len(terms), "subscripts": letters}
    if draw.flag():
        attributes["optimize"] = draw.choice(0, 1)
    return draw.case(attributes, *operands, numpy=True)


CASES: Mapping[str, Draws] = {
    "dot": dot,
    "batch_dot": batch_dot,
    "_np_dot": numpy_dot,
    "_npi_matmul": matmul,
    "_npi_tensordot": tensordot,
    "_npi_tensordot_int_axes": tensordot_by_count,
    "_npi_einsum": einsum,
}
