"""Operators that pass values on: copies, casts, gradients' ends, choices and sums of many."""

from __future__ import annotations

from functools import reduce

from architectures.graph.attributes import choice, integer, number
from architectures.graph.expression import Apply, DType, Expression
from architectures.graph.infer import all_alike, broadcast, same
from architectures.graph.operator import Call, Dims, Operator

BASIC = "src/operator/tensor/elemwise_unary_op_basic.cc"
CONTROL = "src/operator/tensor/control_flow_op.cc"
NUMPY_WHERE = "src/operator/numpy/np_where_op.cc"
STRAIGHT = "src/operator/contrib/stes_op.cc"
DTYPES = "float16 float32 float64 bfloat16 uint8 int8 int32 int64 bool".split()
SCALAR = {"scalar": number(0.0)}


def first(call: Call) -> Expression:
    return call.input(0)


def detached(call: Call) -> Expression:
    """The gradient ends here."""
    return Apply(".detach", call.inputs)


def cast(call: Call) -> Expression:
    return Apply(".to", (call.input(0), DType(call["dtype"])))


def amp_cast(call: Call) -> Expression:
    """Integers stay what they are."""
    return first(call) if call.integral else cast(call)


def filled_like(function: str) -> Operator:
    """MXNet passes over the ``dtype`` that GluonCV's CenterNet writes here: it is the input's."""
    return Operator(
        (function,),
        BASIC,
        lambda call: Apply(f"torch.{function}", call.inputs),
        same,
        ignored=("dtype",),
        inputs=("data",),
    )


def sum_of_all(call: Call) -> Expression:
    inputs: list[Expression] = list(call.inputs)
    return reduce(lambda total, part: Apply("+", (total, part)), inputs)


def where(call: Call) -> Expression:
    """A condition of one axis chooses between the rows of the others."""
    condition: Expression = call.input(0)
    rank = call.rank(1) if call.rank(1) is not None else call.rank(2)
    if rank != 1 and (call.rank(0) is None or (call.rank(0) == 1 and rank is None)):
        return Apply("where_or_rows", call.inputs)
    if call.rank(0) == 1 and rank is not None:
        condition = Apply(".reshape", (condition, -1, *(1,) * (rank - 1)))
    return Apply("torch.where", (Apply("!=", (condition, 0)), *call.inputs[1:]))


def where_shape(call: Call) -> tuple[Dims | None, ...]:
    return all_alike(Call(call.node, call.attributes, call.shapes[1:]))


def where_numpy(call: Call) -> Expression:
    return Apply("torch.where", (Apply("!=", (call.input(0), 0)), *call.inputs[1:]))


def where_left(call: Call) -> Expression:
    """The number stands where the condition holds."""
    condition = Apply("!=", (call.input(0), 0))
    return Apply("torch.where", (condition, call["scalar"], call.input(1)))


def where_right(call: Call) -> Expression:
    """The number stands where the condition is 0."""
    condition = Apply("!=", (call.input(0), 0))
    return Apply("torch.where", (condition, call.input(1), call["scalar"]))


def straight_through(function: str) -> Operator:
    """A step whose gradient is that of the identity."""
    name = {"round_half_away": "_contrib_round_ste", "torch.sign": "_contrib_sign_ste"}[function]

    def becomes(call: Call) -> Expression:
        stepped = Apply(function, call.inputs)
        return Apply("with_gradient_of", (stepped, call.input(0), 1.0))

    return Operator((name,), STRAIGHT, becomes, same, inputs=("data",))


def gradient_multiplier(call: Call) -> Expression:
    return Apply("with_gradient_of", (call.input(0), call.input(0), call["scalar"]))


def either_integral(call: Call) -> bool:
    return bool(call.integral - {0})


OPERATORS = (
    Operator(("_copy", "identity", "_np_copy"), BASIC, first, same, inputs=("data",)),
    Operator(("BlockGrad", "stop_gradient"), BASIC, detached, same, inputs=("data",)),
    Operator(("make_loss",), BASIC, first, same, inputs=("data",)),
    Operator(
        ("MakeLoss",),
        "src/operator/make_loss.cc",
        first,
        same,
        ignored=("grad_scale", "valid_thresh", "normalization"),
        inputs=("data",),
    ),
    Operator(("_identity_with_attr_like_rhs",), BASIC, first, all_alike, inputs=("lhs", "rhs")),
    Operator(
        ("Cast", "cast", "_npi_cast", "_npx_cast"),
        BASIC,
        cast,
        same,
        {"dtype": choice(*DTYPES)},
        inputs=("data",),
    ),
    Operator(
        ("amp_cast",),
        "src/operator/tensor/amp_cast.cc",
        amp_cast,
        same,
        {"dtype": choice(*DTYPES[:4])},
        inputs=("data",),
        integral=lambda call: 0 in call.integral,
    ),
    filled_like("zeros_like"),
    filled_like("ones_like"),
    Operator(
        ("add_n", "ElementWiseSum"),
        "src/operator/tensor/elemwise_sum.cc",
        sum_of_all,
        all_alike,
        {"num_args": integer(None)},
    ),
    Operator(
        ("where",),
        CONTROL,
        where,
        where_shape,
        inputs=("condition", "x", "y"),
        integral=either_integral,
    ),
    Operator(
        ("_npi_where",),
        NUMPY_WHERE,
        where_numpy,
        broadcast,
        inputs=("condition", "x", "y"),
        integral=either_integral,
    ),
    Operator(
        ("_npi_where_lscalar",),
        NUMPY_WHERE,
        where_left,
        broadcast,
        SCALAR,
        inputs=("condition", "x"),
        integral=either_integral,
    ),
    Operator(
        ("_npi_where_rscalar",),
        NUMPY_WHERE,
        where_right,
        broadcast,
        SCALAR,
        inputs=("condition", "y"),
        integral=either_integral,
    ),
    straight_through("round_half_away"),
    straight_through("torch.sign"),
    Operator(
        ("_contrib_gradientmultiplier",),
        "src/operator/contrib/gradient_multiplier_op.cc",
        gradient_multiplier,
        same,
        {"scalar": number(1.0)},
        ("is_int",),
        inputs=("data",),
    ),
)
