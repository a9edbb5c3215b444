"""Arithmetic, comparison and logic of a tensor and a number (MXNet
src/operator/tensor/elemwise_binary_scalar_op_*.cc).

For a tensor of integers MXNet cuts the number off to an integer, unless ``is_int`` is False: then
it computes in float64.
"""

from __future__ import annotations

from collections.abc import Callable

from architectures.graph.attributes import flag, number
from architectures.graph.expression import Apply, DType, Expression
from architectures.graph.infer import same
from architectures.graph.operator import Call, Operator

Build = Callable[[Expression, float], Expression]
BASIC = "src/operator/tensor/elemwise_binary_scalar_op_basic.cc"
EXTENDED = "src/operator/tensor/elemwise_binary_scalar_op_extended.cc"
LOGIC = "src/operator/tensor/elemwise_binary_scalar_op_logic.cc"
NUMPY = "src/operator/numpy/np_elemwise_broadcast_op.cc"
NUMPY_EXTENDED = "src/operator/numpy/np_elemwise_broadcast_op_extended.cc"
NUMPY_LOGIC = "src/operator/numpy/np_elemwise_broadcast_logic_op.cc"
TRUE_DIVIDE = "src/operator/numpy/np_true_divide.cc"


def stays_integral(call: Call) -> bool:
    return bool(call.integral) and bool(call["is_int"])


def operands(call: Call) -> tuple[Expression, float]:
    """The tensor and the number, as MXNet takes them for the tensor's kind."""
    x: Expression = call.input(0)
    value: float = call["scalar"]
    if stays_integral(call):
        return x, int(value)
    if call.integral:
        return Apply(".to", (x, DType("float64"))), value
    return x, value


def scalar_operator(
    names: tuple[str, ...],
    build: Build,
    source: str = BASIC,
    integers: Build | None = None,
    floating_alone: bool = False,
    truth: bool = False,
) -> Operator:
    """An operator of a tensor and a number.

    ``integers``: what it is for integers, if that differs; ``floating_alone``: integers are
    refused; ``truth``: the result is boolean.
    """

    def becomes(call: Call) -> Expression:
        integral = stays_integral(call)
        if integral and floating_alone:
            raise call.refuse("integers are not supported; MXNet rounds its results to integers")
        return (integers if integral and integers else build)(*operands(call))

    return Operator(
        names,
        source,
        becomes,
        same,
        {"scalar": number(1.0), "is_int": flag(True)},
        inputs=("data",),
        integral=(lambda call: True) if truth else stays_integral,
    )


def infix(operator: str) -> Build:
    return lambda x, value: Apply(operator, (x, value))


def swapped(operator: str) -> Build:
    return lambda x, value: Apply(operator, (value, x))


def helper(function: str) -> Build:
    return lambda x, value: Apply(function, (x, value))


def filled(function: str, swap: bool = False) -> Build:
    """A function of two tensors, the second filled with the number."""

    def build(x: Expression, value: float) -> Expression:
        full = Apply("torch.full_like", (x, value))
        return Apply(function, (full, x) if swap else (x, full))

    return build


def integer_quotient(x: Expression, value: float) -> Expression:
    return Apply("torch.div", (x, value), {"rounding_mode": "trunc"})


def integer_quotient_of(x: Expression, value: float) -> Expression:
    return Apply("torch.div", (value, x), {"rounding_mode": "trunc"})


def remainder(x: Expression, value: float) -> Expression:
    """The remainder has the sign of the divisor; MXNet's by 0 is 0."""
    return Apply("%", (x, value)) if value else Apply("torch.zeros_like", (x,))


def at_least(x: Expression, value: float) -> Expression:
    return Apply("torch.clamp", (x,), {"min": value})


def at_most(x: Expression, value: float) -> Expression:
    return Apply("torch.clamp", (x,), {"max": value})


def logical(function: str) -> Build:
    return filled(function)


OPERATORS = (
    scalar_operator(("_plus_scalar", "_PlusScalar"), infix("+")),
    scalar_operator(("_minus_scalar", "_MinusScalar"), infix("-")),
    scalar_operator(("_rminus_scalar", "_RMinusScalar"), swapped("-")),
    scalar_operator(("_mul_scalar", "_MulScalar"), infix("*")),
    scalar_operator(("_div_scalar", "_DivScalar"), infix("/"), integers=integer_quotient),
    scalar_operator(("_rdiv_scalar", "_RDivScalar"), swapped("/"), integers=integer_quotient_of),
    scalar_operator(("_mod_scalar", "_ModScalar"), remainder),
    scalar_operator(("_rmod_scalar", "_RModScalar"), filled("modulo", swap=True)),
    scalar_operator(("_power_scalar", "_PowerScalar"), infix("**"), EXTENDED, floating_alone=True),
    scalar_operator(
        ("_rpower_scalar", "_RPowerScalar"), swapped("**"), EXTENDED, floating_alone=True
    ),
    scalar_operator(
        ("_maximum_scalar", "_MaximumScalar", "_npi_maximum_scalar"), at_least, EXTENDED
    ),
    scalar_operator(
        ("_minimum_scalar", "_MinimumScalar", "_npi_minimum_scalar"), at_most, EXTENDED
    ),
    scalar_operator(
        ("_hypot_scalar", "_HypotScalar", "_npi_hypot_scalar"),
        helper("hypotenuse"),
        EXTENDED,
        floating_alone=True,
    ),
    scalar_operator(("_equal_scalar", "_EqualScalar"), helper("equal"), LOGIC),
    scalar_operator(("_not_equal_scalar", "_NotEqualScalar"), helper("not_equal"), LOGIC),
    scalar_operator(("_greater_scalar", "_GreaterScalar"), helper("greater"), LOGIC),
    scalar_operator(
        ("_greater_equal_scalar", "_GreaterEqualScalar"), helper("greater_equal"), LOGIC
    ),
    scalar_operator(("_lesser_scalar", "_LesserScalar"), helper("lesser"), LOGIC),
    scalar_operator(("_lesser_equal_scalar", "_LesserEqualScalar"), helper("lesser_equal"), LOGIC),
    scalar_operator(("_logical_and_scalar", "_LogicalAndScalar"), logical("logical_and"), LOGIC),
    scalar_operator(("_logical_or_scalar", "_LogicalOrScalar"), logical("logical_or"), LOGIC),
    scalar_operator(("_logical_xor_scalar", "_LogicalXorScalar"), logical("logical_xor"), LOGIC),
    scalar_operator(("_npi_add_scalar",), infix("+"), NUMPY),
    scalar_operator(("_npi_subtract_scalar",), infix("-"), NUMPY),
    scalar_operator(("_npi_rsubtract_scalar",), swapped("-"), NUMPY),
    scalar_operator(("_npi_multiply_scalar",), infix("*"), NUMPY),
    scalar_operator(("_npi_mod_scalar",), remainder, NUMPY),
    scalar_operator(("_npi_rmod_scalar",), filled("modulo", swap=True), NUMPY),
    scalar_operator(("_npi_power_scalar",), infix("**"), NUMPY, floating_alone=True),
    scalar_operator(("_npi_rpower_scalar",), swapped("**"), NUMPY, floating_alone=True),
    Operator(  # integers are divided in float32, by both
        ("_npi_true_divide_scalar",),
        TRUE_DIVIDE,
        lambda call: Apply("/", (call.input(0), call["scalar"])),
        same,
        {"scalar": number(1.0), "is_int": flag(True)},
        inputs=("data",),
        integral=lambda call: False,
    ),
    scalar_operator(("_npi_rtrue_divide_scalar",), swapped("/"), TRUE_DIVIDE, floating_alone=True),
    scalar_operator(
        ("_npi_arctan2_scalar",), filled("torch.atan2"), NUMPY_EXTENDED, floating_alone=True
    ),
    scalar_operator(
        ("_npi_rarctan2_scalar",),
        filled("torch.atan2", swap=True),
        NUMPY_EXTENDED,
        floating_alone=True,
    ),
    scalar_operator(
        ("_npi_copysign_scalar",), helper("torch.copysign"), NUMPY_EXTENDED, floating_alone=True
    ),
    scalar_operator(
        ("_npi_rcopysign_scalar",),
        filled("torch.copysign", swap=True),
        NUMPY_EXTENDED,
        floating_alone=True,
    ),
    scalar_operator(("_npi_equal_scalar",), infix("=="), NUMPY_LOGIC, truth=True),
    scalar_operator(("_npi_not_equal_scalar",), infix("!="), NUMPY_LOGIC, truth=True),
    scalar_operator(("_npi_greater_scalar",), infix(">"), NUMPY_LOGIC, truth=True),
    scalar_operator(("_npi_greater_equal_scalar",), infix(">="), NUMPY_LOGIC, truth=True),
    scalar_operator(("_npi_less_scalar",), infix("<"), NUMPY_LOGIC, truth=True),
    scalar_operator(("_npi_less_equal_scalar",), infix("<="), NUMPY_LOGIC, truth=True),
)
