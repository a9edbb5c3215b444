"""Products of matrices and tensors (MXNet src/operator/tensor/dot.cc, src/operator/numpy)."""

from __future__ import annotations

import re

from architectures.graph.attributes import REQUIRED, Attribute, flag, integer, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import axis_of, broadcasted
from architectures.graph.operator import Call, Dims, Operator

DOT = "src/operator/tensor/dot.cc"
NUMPY_DOT = "src/operator/numpy/np_dot.cc"
TENSORDOT = "src/operator/numpy/np_tensordot_op.cc"
TRANSPOSES = {"transpose_a": flag(False), "transpose_b": flag(False)}
SUBSCRIPTS = re.compile(r"[A-Za-z]+(,[A-Za-z]+)*(->[A-Za-z]*)?")


def dot(call: Call) -> Expression:
    """The last axis of the first tensor with the first axis of the second; transposed, the first
    axis with the last."""
    a, b = call.inputs
    first, second = call["transpose_a"], call["transpose_b"]
    ranks = call.rank(0), call.rank(1)
    if ranks == (2, 2):
        return Apply("@", (transposed(a, first), transposed(b, second)))
    if ranks == (1, 1):
        return Apply(".reshape", (Apply("torch.dot", (a, b)), 1))
    if None in ranks and set(ranks) <= {None, 1}:
        raise call.refuse("the ranks of its inputs are unknown")
    axes = ([0 if first else -1], [-1 if second else 0])
    return Apply("torch.tensordot", (a, b, axes))


def transposed(x: Expression, is_transposed: bool) -> Expression:
    return Apply(".t", (x,)) if is_transposed else x


def dot_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    left = a[1:] if call["transpose_a"] else a[:-1]
    right = b[:-1] if call["transpose_b"] else b[1:]
    return ((*left, *right) or (1,),)


def batch_dot(call: Call) -> Expression:
    """The product of the last two axes; the others are batches."""
    a = swapped(call.inputs[0], call["transpose_a"])
    return Apply("@", (a, swapped(call.inputs[1], call["transpose_b"])))


def swapped(x: Expression, is_transposed: bool) -> Expression:
    return Apply(".transpose", (x, -1, -2)) if is_transposed else x


def batch_dot_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    rows = a[-1] if call["transpose_a"] else a[-2]
    return ((*a[:-2], rows, b[-2] if call["transpose_b"] else b[-1]),)


def numpy_dot(call: Call) -> Expression:
    """numpy.dot: the last axis of the first with the second to last of the second."""
    a, b = call.inputs
    first, second = call.rank(0), call.rank(1)
    if first is None or second is None:
        raise call.refuse("the ranks of its inputs are unknown")
    if not first or not second:
        return Apply("*", (a, b))
    if max(first, second) <= 2:
        return Apply("@", (a, b))
    return Apply("torch.tensordot", (a, b, ([-1], [0 if second == 1 else -2])))


def numpy_dot_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    if not a or not b:
        return ((*a, *b),)
    return ((*a[:-1], *b[:-2], *(b[-1:] if len(b) > 1 else ())),)


def matmul(call: Call) -> Expression:
    return Apply("@", call.inputs)


def matmul_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    batch = broadcasted((a[:-2], b[:-2])) or ()
    rows = a[-2:-1] if len(a) > 1 else ()
    return ((*batch, *rows, *(b[-1:] if len(b) > 1 else ())),)


def tensordot(call: Call) -> Expression:
    axes = (list(call["a_axes_summed"]), list(call["b_axes_summed"]))
    return Apply("torch.tensordot", (*call.inputs, axes))


def tensordot_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    first = {axis_of(axis, len(a)) for axis in call["a_axes_summed"]}
    second = {axis_of(axis, len(b)) for axis in call["b_axes_summed"]}
    left = [size for at, size in enumerate(a) if at not in first]
    return ((*left, *(size for at, size in enumerate(b) if at not in second)),)


def tensordot_by_count(call: Call) -> Expression:
    return Apply("torch.tensordot", (*call.inputs, call["axes"]))


def tensordot_by_count_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    if a is None or b is None:
        return (None,)
    return ((*a[: len(a) - call["axes"]], *b[call["axes"] :]),)


def subscripts(text: str) -> str:
    """The letters of einsum; an ellipsis is not supported."""
    text = text.replace(" ", "")
    if not SUBSCRIPTS.fullmatch(text):
        raise ValueError(text)
    return text


def einsum(call: Call) -> Expression:
    return Apply("torch.einsum", (call["subscripts"], *call.inputs))


def einsum_shape(call: Call) -> tuple[Dims | None, ...]:
    left, arrow, right = call["subscripts"].partition("->")
    sizes: dict[str, int | None] = {}
    for letters, dims in zip(left.split(","), call.shapes, strict=False):
        for letter, size in zip(letters, dims or (None,) * len(letters), strict=False):
            if sizes.get(letter) in (None, 1):
                sizes[letter] = size
    if not arrow:
        letters = left.replace(",", "")
        right = "".join(sorted(letter for letter in sizes if letters.count(letter) == 1))
    return (tuple(sizes.get(letter) for letter in right),)


OPERATORS = (
    Operator(("dot",), DOT, dot, dot_shape, TRANSPOSES, ("forward_stype",), inputs=("lhs", "rhs")),
    Operator(
        ("batch_dot", "_npx_batch_dot"),
        DOT,
        batch_dot,
        batch_dot_shape,
        TRANSPOSES,
        ("forward_stype",),
        inputs=("lhs", "rhs"),
    ),
    Operator(("_np_dot",), NUMPY_DOT, numpy_dot, numpy_dot_shape, inputs=("a", "b")),
    Operator(
        ("_npi_matmul",),
        "src/operator/numpy/np_matmul_op.cc",
        matmul,
        matmul_shape,
        inputs=("a", "b"),
    ),
    Operator(
        ("_npi_tensordot",),
        TENSORDOT,
        tensordot,
        tensordot_shape,
        {"a_axes_summed": shape(), "b_axes_summed": shape()},
        inputs=("a", "b"),
    ),
    Operator(
        ("_npi_tensordot_int_axes",),
        TENSORDOT,
        tensordot_by_count,
        tensordot_by_count_shape,
        {"axes": integer()},
        inputs=("a", "b"),
    ),
    Operator(
        ("_npi_einsum",),
        "src/operator/numpy/np_einsum_op.cc",
        einsum,
        einsum_shape,
        {"subscripts": Attribute(subscripts, "letters such as ij,jk->ik", REQUIRED)},
        ("num_args", "optimize"),
    ),
)
