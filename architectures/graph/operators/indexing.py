"""Operators that pick elements by indices, which arrive as numbers of any dtype (MXNet
src/operator/tensor/indexing_op.cc)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from architectures.graph.attributes import choice, flag, integer, number, or_none, shape
from architectures.graph.expression import Apply, DType, Expression, NnLayer
from architectures.graph.infer import axis_of, same
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.creation import LARGEST, dtype


def embedding(call: Call) -> Expression:
    """Indices are truncated to integers and clipped to the table, as MXNet does."""
    rows = Apply(".clamp", (Apply(".long", (call.input(0),)), 0, call["input_dim"] - 1))
    return NnLayer(
        "nn.Embedding",
        (call["input_dim"], call["output_dim"]),
        {},
        {1: "weight"},
        (rows,),
        Apply("F.embedding", (rows, call.input(1))),
    )


def embedding_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None if data is None else (*data, call["output_dim"]),)


def embedding_weights(call: Call) -> Mapping[int, Dims]:
    return {1: (call["input_dim"], call["output_dim"])}


def take(call: Call) -> Expression:
    """Slices of one axis; ``mode`` says what an index outside of it means."""
    axis = {"axis": call["axis"]} if call["axis"] else {}
    mode = {"mode": call["mode"]} if call["mode"] != "clip" else {}
    return Apply("take", call.inputs, {**axis, **mode})


def take_shape(call: Call) -> tuple[Dims | None, ...]:
    data, indices = call.shapes
    if data is None or indices is None:
        return (None,)
    axis = axis_of(call["axis"], len(data))
    return ((*data[:axis], *indices, *data[axis + 1 :]),)


def pick(call: Call) -> Expression:
    """One element along an axis for each index."""
    if call["axis"] is None:
        raise call.refuse("axis is None, which MXNet does not support either")
    options = {
        name: call[name]
        for name, default in (("axis", -1), ("keepdims", False), ("mode", "clip"))
        if call[name] != default
    }
    return Apply("pick", call.inputs, options)


def pick_shape(call: Call) -> tuple[Dims | None, ...]:
    data, index = call.shapes
    if data is None or call["axis"] is None:
        return (None,)
    if len(data) == 1:
        return (index,)
    axis = axis_of(call["axis"], len(data))
    return ((*data[:axis], *((1,) if call["keepdims"] else ()), *data[axis + 1 :]),)


def batch_take(call: Call) -> Expression:
    """One element of each row."""
    return Apply("pick", call.inputs)


def batch_take_shape(call: Call) -> tuple[Dims | None, ...]:
    return (call.shapes[1],)


def gather_nd(call: Call) -> Expression:
    """Elements at the positions that the first axis of the indices gives."""
    return Apply("gather_nd", call.inputs)


def gather_nd_shape(call: Call) -> tuple[Dims | None, ...]:
    data, indices = call.shapes
    if data is None or indices is None or indices[0] is None:
        return (None,)
    return ((*indices[1:], *data[indices[0] :]),)


def scatter_nd(call: Call) -> Expression:
    """Zeros with values at the positions that the first axis of the indices gives."""
    if prod(call["shape"]) > LARGEST:
        raise call.refuse(f"its shape is too large: {call['shape']}")
    return Apply("scatter_nd", (*call.inputs, call["shape"]))


def scatter_nd_shape(call: Call) -> tuple[Dims | None, ...]:
    return (call["shape"],)


def one_hot(call: Call) -> Expression:
    """An index outside of the depth gives ``off_value`` everywhere."""
    options = {
        name: call[name]
        for name, default in (("on_value", 1), ("off_value", 0))
        if call[name] != default
    }
    options["dtype"] = DType(call["dtype"])
    return Apply("one_hot", (call.input(0), call["depth"]), options)


def one_hot_shape(call: Call) -> tuple[Dims | None, ...]:
    indices = call.shapes[0]
    return (None if indices is None else (*indices, call["depth"]),)


def index_copy(call: Call) -> Expression:
    """The first input with some rows replaced by those of the third."""
    old, index, new = call.inputs
    return Apply(".index_copy", (old, 0, Apply(".long", (index,)), new))


def boolean_mask(call: Call) -> Expression:
    """The rows where the mask is not 0: how many is known only when the network runs."""
    if call["axis"] != 0:
        raise call.refuse(f"axis is {call['axis']}; only 0 is supported")
    return Apply("[]", (call.input(0), Apply(".bool", (call.input(1),))))


def boolean_mask_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None if data is None else (None, *data[1:]),)


def ravel_multi_index(call: Call) -> Expression:
    """(axes, N) positions as flat indices of an array of a shape."""
    return Apply("ravel_multi_index", (call.input(0), call["shape"]))


def ravel_multi_index_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return ((None,) if data is None else data[1:],)


def unravel_index(call: Call) -> Expression:
    """(N,) flat indices of an array of a shape as (axes, N) positions."""
    if call.rank() not in (1, None):
        raise call.refuse("its indices are not a vector, which MXNet computes wrongly")
    return Apply("unravel_index", (call.input(0), call["shape"]))


def unravel_index_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return ((len(call["shape"]), None if data is None else data[0]),)


def index_array(call: Call) -> Expression:
    """The position of each element, along some axes or all."""
    axes = () if call["axes"] is None else (call["axes"],)
    return Apply("index_array", (call.input(0), *axes))


def index_array_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,)
    return ((*data, len(data) if call["axes"] is None else len(call["axes"])),)


INDEXING = "src/operator/tensor/indexing_op.cc"

OPERATORS = (
    Operator(
        ("Embedding", "_contrib_SparseEmbedding", "_sparse_Embedding", "_npx_embedding"),
        INDEXING,
        embedding,
        embedding_shape,
        {"input_dim": integer(), "output_dim": integer()},
        ignored=("dtype", "sparse_grad", "deterministic"),
        inputs=("data", "weight"),
        weights=embedding_weights,
        integral=lambda call: 1 in call.integral,
    ),
    Operator(
        ("take", "_npi_take"),
        INDEXING,
        take,
        take_shape,
        {"axis": integer(0), "mode": choice("clip", "raise", "wrap", default="clip")},
        inputs=("a", "indices"),
    ),
    Operator(
        ("pick", "choose_element_0index", "_npx_pick"),
        "src/operator/tensor/broadcast_reduce_op_index.cc",
        pick,
        pick_shape,
        {
            "axis": or_none(integer(-1)),
            "keepdims": flag(False),
            "mode": choice("clip", "wrap", default="clip"),
        },
        inputs=("data", "index"),
    ),
    Operator(("batch_take",), INDEXING, batch_take, batch_take_shape, inputs=("a", "indices")),
    Operator(
        ("gather_nd", "_npi_gather_nd", "_npx_gather_nd"),
        INDEXING,
        gather_nd,
        gather_nd_shape,
        inputs=("data", "indices"),
    ),
    Operator(
        ("scatter_nd",),
        INDEXING,
        scatter_nd,
        scatter_nd_shape,
        {"shape": shape()},
        inputs=("data", "indices"),
    ),
    Operator(
        ("one_hot", "_npx_one_hot"),
        INDEXING,
        one_hot,
        one_hot_shape,
        {
            "depth": integer(),
            "on_value": number(1.0),
            "off_value": number(0.0),
            "dtype": dtype(),
        },
        inputs=("indices",),
    ),
    Operator(
        ("_contrib_index_copy",),
        "src/operator/contrib/index_copy.cc",
        index_copy,
        same,
        inputs=("old_tensor", "index_vector", "new_tensor"),
    ),
    Operator(
        ("_contrib_boolean_mask", "_npi_boolean_mask"),
        "src/operator/contrib/boolean_mask.cc",
        boolean_mask,
        boolean_mask_shape,
        {"axis": integer(0)},
        inputs=("data", "index"),
    ),
    Operator(
        ("_ravel_multi_index", "ravel_multi_index"),
        "src/operator/tensor/ravel.cc",
        ravel_multi_index,
        ravel_multi_index_shape,
        {"shape": shape()},
        inputs=("data",),
    ),
    Operator(
        ("_unravel_index", "unravel_index"),
        "src/operator/tensor/ravel.cc",
        unravel_index,
        unravel_index_shape,
        {"shape": shape()},
        inputs=("data",),
    ),
    Operator(
        ("_contrib_index_array",),
        "src/operator/contrib/index_array.cc",
        index_array,
        index_array_shape,
        {"axes": shape(None)},
        inputs=("data",),
        integral=lambda call: True,
    ),
)
