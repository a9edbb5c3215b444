"""Cases of linear algebra on the last two axes; matrices are well conditioned."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import DrawnInput, OperatorCase

Rows = list[list[float]]


def batch_of(draw: Draw) -> tuple[int, ...]:
    return draw.choice((), (1,), (3,), (2, 2))


def matrices(batch: tuple[int, ...], some: list[Rows]) -> DrawnInput:
    """One input that holds these square matrices."""
    values = [number for rows in some for row in rows for number in row]
    side = len(some[0])
    return DrawnInput((*batch, side, side), "values", {"values": values})


def count(batch: tuple[int, ...]) -> int:
    total = 1
    for size in batch:
        total *= size
    return total


def diagonal_heavy(draw: Draw, side: int) -> Rows:
    """A matrix that any solver solves well."""
    return [
        [
            draw.real(-1, 1) + (draw.choice(-2, 2) * side if row == column else 0)
            for column in range(side)
        ]
        for row in range(side)
    ]


def positive(draw: Draw, side: int) -> Rows:
    """A symmetric, positive definite matrix."""
    lower = [[draw.real(-1, 1) for _ in range(row + 1)] for row in range(side)]
    return [
        [
            lower[max(row, column)][min(row, column)] + (2 * side if row == column else 0)
            for column in range(side)
        ]
        for row in range(side)
    ]


def gemm2(draw: Draw) -> OperatorCase:
    return product(draw, addend=False)


def gemm(draw: Draw) -> OperatorCase:
    return product(draw, addend=True)


def product(draw: Draw, addend: bool) -> OperatorCase:
    rank = draw.cycle(2, 3, 4)
    rows, inner, columns = draw.shape(3, 1, 4)
    axis = draw.choice(None, -2, *range(-rank, -2), *range(rank - 1))
    rest = draw.shape(rank - 2, 1, 3)
    attributes: dict[str, object] = {} if axis is None else {"axis": axis}
    at = (-2 if axis is None else axis) % rank
    left, right = (rows, inner), (inner, columns)
    for name in ("transpose_a", "transpose_b"):
        if draw.flag():
            attributes[name] = draw.flag()
    left = left[::-1] if attributes.get("transpose_a") else left
    right = right[::-1] if attributes.get("transpose_b") else right
    if draw.flag():
        attributes["alpha"] = draw.choice(1, 0.5, -2, 0.3)
    if addend and draw.flag():
        attributes["beta"] = draw.choice(1, 0.25, -1, 0.7)
    shapes = [left, right, (rows, columns)][: 3 if addend else 2]
    operands = [draw.uniform((*rest[:at], n, *rest[at:], m)) for n, m in shapes]
    return draw.case(attributes, *operands)


def syrk(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {}
    if draw.flag():
        attributes["transpose"] = draw.flag()
    if draw.flag():
        attributes["alpha"] = draw.choice(1, 0.5, -2, 0.3)
    return draw.case(attributes, draw.uniform((*batch_of(draw), *draw.shape(2, 1, 4))))


def solvable(draw: Draw) -> OperatorCase:
    batch, side = batch_of(draw), draw.integer(1, 4)
    some = [diagonal_heavy(draw, side) for _ in range(count(batch))]
    return draw.case({}, matrices(batch, some))


def definite(draw: Draw) -> OperatorCase:
    batch, side = batch_of(draw), draw.integer(1, 4)
    return draw.case({}, matrices(batch, [positive(draw, side) for _ in range(count(batch))]))


def factor(draw: Draw) -> OperatorCase:
    """A lower triangle with a positive diagonal, as potri takes it."""
    batch, side = batch_of(draw), draw.integer(1, 4)
    some = [positive(draw, side) for _ in range(count(batch))]
    lower = [
        [
            [n if column <= row else 0 for column, n in enumerate(line)]
            for row, line in enumerate(rows)
        ]
        for rows in some
    ]
    return draw.case({}, matrices(batch, lower))


def extract_diagonal(draw: Draw) -> OperatorCase:
    side = draw.integer(2, 5)
    attributes: dict[str, object] = {}
    if draw.flag(0.8):
        attributes["offset"] = draw.integer(1 - side, side - 1)
    return draw.case(attributes, draw.uniform((*batch_of(draw), side, side)))


def make_diagonal(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {}
    if draw.flag(0.8):
        attributes["offset"] = draw.integer(-2, 2)
    return draw.case(attributes, draw.uniform((*batch_of(draw), draw.integer(1, 4))))


def extract_triangle(draw: Draw) -> OperatorCase:
    side = draw.integer(2, 5)
    return draw.case(triangle(draw, side - 1), draw.uniform((*batch_of(draw), side, side)))


def triangle(draw: Draw, most: int) -> dict[str, object]:
    attributes: dict[str, object] = {}
    if draw.flag(0.8):
        attributes["offset"] = draw.integer(-most, most)
    if draw.flag(0.7):
        attributes["lower"] = draw.flag()
    return attributes


def make_triangle(draw: Draw) -> OperatorCase:
    length = draw.choice(1, 3, 6, 10)
    return draw.case(triangle(draw, 2), draw.uniform((*batch_of(draw), length)))


def triangular(draw: Draw) -> OperatorCase:
    batch, side, other = batch_of(draw), draw.integer(1, 4), draw.integer(1, 4)
    attributes: dict[str, object] = {}
    for name in ("transpose", "rightside", "lower"):
        if draw.flag(0.7):
            attributes[name] = draw.flag()
    if draw.flag():
        attributes["alpha"] = draw.choice(1, 0.5, -2, 0.3)
    sizes = (other, side) if attributes.get("rightside") else (side, other)
    some = [diagonal_heavy(draw, side) for _ in range(count(batch))]
    return draw.case(attributes, matrices(batch, some), draw.uniform((*batch, *sizes)))


CASES = {
    "_linalg_gemm": gemm,
    "_linalg_gemm2": gemm2,
    "_linalg_syrk": syrk,
    "_linalg_det": solvable,
    "_linalg_slogdet": solvable,
    "_linalg_inverse": solvable,
    "_linalg_potrf": definite,
    "_linalg_potri": factor,
    "_linalg_sumlogdiag": definite,
    "_linalg_extractdiag": extract_diagonal,
    "_linalg_makediag": make_diagonal,
    "_linalg_extracttrian": extract_triangle,
    "_linalg_maketrian": make_triangle,
    "_linalg_trmm": triangular,
    "_linalg_trsm": triangular,
}
COUNTS = {"_linalg_gemm2": 60, "_linalg_gemm": 60, "_linalg_trmm": 50, "_linalg_trsm": 50}
