"""Linear algebra on the last two axes (MXNet src/operator/tensor/la_op.cc)."""

from __future__ import annotations

from math import isqrt
from typing import Any

from architectures.graph.attributes import flag, integer, number
from architectures.graph.expression import Apply, Expression, Item
from architectures.graph.infer import axis_of, known_rank, same
from architectures.graph.operator import Call, Dims, Operator


def gemm(call: Call) -> Expression:
    """alpha * A @ B + beta * C; ``axis`` is that of the rows, the last one that of the columns."""
    product, addend = _product(call), _scaled(_rows_at(call, 2), call["beta"])
    return _moved_back(call, Apply("+", (product, addend)))


def gemm2(call: Call) -> Expression:
    """alpha * A @ B."""
    return _moved_back(call, _product(call))


def _product(call: Call) -> Expression:
    a = transposed(_rows_at(call, 0), call["transpose_a"])
    b = transposed(_rows_at(call, 1), call["transpose_b"])
    return _scaled(Apply("@", (a, b)), call["alpha"])


def _rows_at(call: Call, index: int) -> Expression:
    x = call.input(index)
    return x if _rows_last(call) else Apply(".movedim", (x, call["axis"], -2))


def _moved_back(call: Call, x: Expression) -> Expression:
    return x if _rows_last(call) else Apply(".movedim", (x, -2, call["axis"]))


def _rows_last(call: Call) -> bool:
    axis: int = call["axis"]
    return axis == -2 or (axis >= 0 and axis == known_rank(call) - 2)


def transposed(x: Expression, wanted: bool) -> Expression:
    return Apply(".transpose", (x, -2, -1)) if wanted else x


def _scaled(x: Expression, factor: float) -> Expression:
    return x if factor == 1 else Apply("*", (x, factor))


def gemm_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes[:2]
    if a is None or b is None:
        return (None,)
    axis = axis_of(call["axis"], len(a))
    sizes = list(a)
    sizes[axis] = a[-1] if call["transpose_a"] else a[axis]
    sizes[-1] = b[axis] if call["transpose_b"] else b[-1]
    return (tuple(sizes),)


def syrk(call: Call) -> Expression:
    """alpha * A @ A.T, or alpha * A.T @ A."""
    a = call.input(0)
    left, right = transposed(a, call["transpose"]), transposed(a, not call["transpose"])
    return _scaled(Apply("@", (left, right)), call["alpha"])


def syrk_shape(call: Call) -> tuple[Dims | None, ...]:
    a = call.shapes[0]
    if a is None:
        return (None,)
    side = a[-1] if call["transpose"] else a[-2]
    return ((*a[:-2], side, side),)


def of_matrix(function: str) -> Any:
    """An operator that is one function of PyTorch."""
    return lambda call: Apply(function, call.inputs)


def det(call: Call) -> Expression:
    return _vector(call, Apply("torch.linalg.det", call.inputs))


def slogdet(call: Call) -> tuple[Expression, ...]:
    """The sign of the determinant and the logarithm of its size."""
    both = Apply("torch.linalg.slogdet", call.inputs)
    return _vector(call, Item(both, 0)), _vector(call, Item(both, 1))


def sum_log_diagonal(call: Call) -> Expression:
    logs = Apply(".log", (Apply("torch.diagonal", (call.input(0), 0, -2, -1)),))
    return _vector(call, Apply(".sum", (logs, -1)))


def _vector(call: Call, x: Expression) -> Expression:
    """MXNet gives a vector of one for a single matrix."""
    return Apply(".reshape", (x, 1)) if known_rank(call) == 2 else x


def of_matrices(call: Call) -> tuple[Dims | None, ...]:
    """One number for each matrix."""
    a = call.shapes[0]
    return (None if a is None else (a[:-2] or (1,)),)


def extract_diagonal(call: Call) -> Expression:
    return Apply("torch.diagonal", (call.input(0), call["offset"], -2, -1))


def extract_diagonal_shape(call: Call) -> tuple[Dims | None, ...]:
    a = call.shapes[0]
    if a is None:
        return (None,)
    return ((*a[:-2], None if a[-1] is None else a[-1] - abs(call["offset"])),)


def make_diagonal(call: Call) -> Expression:
    return Apply("torch.diag_embed", (call.input(0), call["offset"]))


def make_diagonal_shape(call: Call) -> tuple[Dims | None, ...]:
    a = call.shapes[0]
    if a is None:
        return (None,)
    side = None if a[-1] is None else a[-1] + abs(call["offset"])
    return ((*a[:-1], side, side),)


def triangle(call: Call) -> tuple[int, bool]:
    """The offset of the diagonal, and whether the triangle below it is meant."""
    offset: int = call["offset"]
    return offset, call["lower"] if offset == 0 else offset < 0


def extract_triangle(call: Call) -> Expression:
    """One triangle of each matrix, row by row."""
    return Apply("extract_triangle", (call.input(0), *triangle(call)))


def extract_triangle_shape(call: Call) -> tuple[Dims | None, ...]:
    a = call.shapes[0]
    if a is None:
        return (None,)
    side = None if a[-1] is None else a[-1] - abs(call["offset"])
    return ((*a[:-2], None if side is None else side * (side + 1) // 2),)


def make_triangle(call: Call) -> Expression:
    """Matrices with one triangle, which is given row by row."""
    return Apply("make_triangle", (call.input(0), *triangle(call)))


def make_triangle_shape(call: Call) -> tuple[Dims | None, ...]:
    a = call.shapes[0]
    if a is None:
        return (None,)
    side = None if a[-1] is None else (isqrt(8 * a[-1] + 1) - 1) // 2 + abs(call["offset"])
    return ((*a[:-1], side, side),)


def trmm(call: Call) -> Expression:
    """alpha * A @ B, or alpha * B @ A, where A has one triangle."""
    a = _triangular(call)
    factors = (call.input(1), a) if call["rightside"] else (a, call.input(1))
    return _scaled(Apply("@", factors), call["alpha"])


def _triangular(call: Call) -> Expression:
    part = Apply("torch.tril" if call["lower"] else "torch.triu", (call.input(0),))
    return transposed(part, call["transpose"])


def trsm(call: Call) -> Expression:
    """alpha times the X of A @ X = B, or of X @ A = B, where A has one triangle."""
    options: dict[str, Any] = {"upper": call["lower"] == call["transpose"]}
    if call["rightside"]:
        options["left"] = False
    a = transposed(call.input(0), call["transpose"])
    solved = Apply("torch.linalg.solve_triangular", (a, call.input(1)), options)
    return _scaled(solved, call["alpha"])


def second(call: Call) -> tuple[Dims | None, ...]:
    return (call.shapes[1],)


LA = "src/operator/tensor/la_op.cc"
PRODUCT = {
    "transpose_a": flag(False),
    "transpose_b": flag(False),
    "alpha": number(1.0),
    "axis": integer(-2),
}
TRIANGLE = {"offset": integer(0), "lower": flag(True)}
TRIANGULAR = {
    "transpose": flag(False),
    "rightside": flag(False),
    "lower": flag(True),
    "alpha": number(1.0),
}


def named(name: str) -> tuple[str, ...]:
    """The two spellings of each operator."""
    return (f"_linalg_{name}", f"linalg_{name}")


OPERATORS = (
    Operator(
        named("gemm"),
        LA,
        gemm,
        gemm_shape,
        {**PRODUCT, "beta": number(1.0)},
        inputs=("A", "B", "C"),
    ),
    Operator(named("gemm2"), LA, gemm2, gemm_shape, PRODUCT, inputs=("A", "B")),
    Operator(
        named("syrk"),
        LA,
        syrk,
        syrk_shape,
        {"transpose": flag(False), "alpha": number(1.0)},
        inputs=("A",),
    ),
    Operator(named("det"), LA, det, of_matrices, inputs=("A",)),
    Operator(
        named("slogdet"),
        LA,
        slogdet,
        lambda call: of_matrices(call) * 2,
        inputs=("A",),
        outputs=2,
    ),
    Operator(named("inverse"), LA, of_matrix("torch.linalg.inv"), same, inputs=("A",)),
    Operator(named("potrf"), LA, of_matrix("torch.linalg.cholesky"), same, inputs=("A",)),
    Operator(named("potri"), LA, of_matrix("torch.cholesky_inverse"), same, inputs=("A",)),
    Operator(named("sumlogdiag"), LA, sum_log_diagonal, of_matrices, inputs=("A",)),
    Operator(
        named("extractdiag"),
        LA,
        extract_diagonal,
        extract_diagonal_shape,
        {"offset": integer(0)},
        inputs=("A",),
    ),
    Operator(
        named("makediag"),
        LA,
        make_diagonal,
        make_diagonal_shape,
        {"offset": integer(0)},
        inputs=("A",),
    ),
    Operator(
        named("extracttrian"),
        LA,
        extract_triangle,
        extract_triangle_shape,
        TRIANGLE,
        inputs=("A",),
    ),
    Operator(named("maketrian"), LA, make_triangle, make_triangle_shape, TRIANGLE, inputs=("A",)),
    Operator(named("trmm"), LA, trmm, second, TRIANGULAR, inputs=("A", "B")),
    Operator(named("trsm"), LA, trsm, second, TRIANGULAR, inputs=("A", "B")),
)
