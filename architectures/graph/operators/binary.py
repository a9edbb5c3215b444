"""Arithmetic, comparison and logic of two tensors (MXNet src/operator/tensor/elemwise_binary_*).

The elementwise operators take tensors of one shape, the others broadcast.
"""

from __future__ import annotations

from collections.abc import Callable

from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import all_alike, broadcast
from architectures.graph.operator import Call, Operator

Rule = Callable[[Call], Expression]
ALIKE = "src/operator/tensor/elemwise_binary_op_basic.cc"
ALIKE_EXTENDED = "src/operator/tensor/elemwise_binary_op_extended.cc"
ALIKE_LOGIC = "src/operator/tensor/elemwise_binary_op_logic.cc"
BROADCAST = "src/operator/tensor/elemwise_binary_broadcast_op_basic.cc"
BROADCAST_EXTENDED = "src/operator/tensor/elemwise_binary_broadcast_op_extended.cc"
BROADCAST_LOGIC = "src/operator/tensor/elemwise_binary_broadcast_op_logic.cc"
NUMPY = "src/operator/numpy/np_elemwise_broadcast_op.cc"
NUMPY_EXTENDED = "src/operator/numpy/np_elemwise_broadcast_op_extended.cc"
NUMPY_LOGIC = "src/operator/numpy/np_elemwise_broadcast_logic_op.cc"
TRUE_DIVIDE = "src/operator/numpy/np_true_divide.cc"


def applied(function: str, integers: bool = True) -> Rule:
    """The function of both inputs; ``integers``: whether it gives MXNet's integers for integers."""

    def becomes(call: Call) -> Expression:
        if call.integral and not integers:
            raise call.refuse("integers are not supported; MXNet rounds its results to integers")
        return Apply(function, call.inputs)

    return becomes


def divided(call: Call) -> Expression:
    """Integers are divided as in C: the quotient is cut off."""
    if call.integral:
        return Apply("torch.div", call.inputs, {"rounding_mode": "trunc"})
    return Apply("/", call.inputs)


def both_integral(call: Call) -> bool:
    """Numpy mode promotes integers and floating point to floating point."""
    return call.integral == {0, 1}


def alike(names: tuple[str, ...], becomes: Rule, source: str = ALIKE_EXTENDED) -> Operator:
    return Operator(names, source, becomes, all_alike, inputs=("lhs", "rhs"))


def broadcasting(names: tuple[str, ...], becomes: Rule, source: str) -> Operator:
    return Operator(names, source, becomes, broadcast, inputs=("lhs", "rhs"))


def promoting(name: str, becomes: Rule, source: str = NUMPY) -> Operator:
    return Operator(
        (name,), source, becomes, broadcast, inputs=("lhs", "rhs"), integral=both_integral
    )


def comparing(name: str, function: str) -> Operator:
    """A comparison of numpy mode, which gives booleans."""
    return Operator(
        (name,),
        NUMPY_LOGIC,
        applied(function),
        broadcast,
        inputs=("lhs", "rhs"),
        integral=lambda call: True,
    )


add, subtract, multiply = applied("+"), applied("-"), applied("*")
maximum, minimum = applied("torch.maximum"), applied("torch.minimum")
modulo = applied("modulo")
power, hypot = applied("torch.pow", False), applied("torch.hypot", False)

OPERATORS = (
    alike(("elemwise_add", "_plus", "_Plus", "_add", "_grad_add"), add, ALIKE),
    alike(("elemwise_sub", "_sub", "_minus", "_Minus"), subtract, ALIKE),
    alike(("elemwise_mul", "_mul", "_Mul"), multiply, ALIKE),
    alike(("elemwise_div", "_div", "_Div"), divided, ALIKE),
    alike(("_mod", "_Mod"), modulo),
    alike(("_power", "_Power"), power),
    alike(("_maximum", "_Maximum"), maximum),
    alike(("_minimum", "_Minimum"), minimum),
    alike(("_hypot", "_Hypot"), hypot),
    alike(("_equal", "_Equal"), applied("equal"), ALIKE_LOGIC),
    alike(("_not_equal", "_Not_Equal"), applied("not_equal"), ALIKE_LOGIC),
    alike(("_greater", "_Greater"), applied("greater"), ALIKE_LOGIC),
    alike(("_greater_equal", "_Greater_Equal"), applied("greater_equal"), ALIKE_LOGIC),
    alike(("_lesser", "_Lesser"), applied("lesser"), ALIKE_LOGIC),
    alike(("_lesser_equal", "_Lesser_Equal"), applied("lesser_equal"), ALIKE_LOGIC),
    alike(("_logical_and", "_Logical_And"), applied("logical_and"), ALIKE_LOGIC),
    alike(("_logical_or", "_Logical_Or"), applied("logical_or"), ALIKE_LOGIC),
    alike(("_logical_xor", "_Logical_Xor"), applied("logical_xor"), ALIKE_LOGIC),
    broadcasting(("broadcast_add", "broadcast_plus"), add, BROADCAST),
    broadcasting(("broadcast_sub", "broadcast_minus"), subtract, BROADCAST),
    broadcasting(("broadcast_mul",), multiply, BROADCAST),
    broadcasting(("broadcast_div",), divided, BROADCAST),
    broadcasting(("broadcast_mod",), modulo, BROADCAST),
    broadcasting(("broadcast_power",), power, BROADCAST_EXTENDED),
    broadcasting(("broadcast_maximum", "_npi_maximum"), maximum, BROADCAST_EXTENDED),
    broadcasting(("broadcast_minimum", "_npi_minimum"), minimum, BROADCAST_EXTENDED),
    broadcasting(("broadcast_hypot",), hypot, BROADCAST_EXTENDED),
    broadcasting(("broadcast_equal",), applied("equal"), BROADCAST_LOGIC),
    broadcasting(("broadcast_not_equal",), applied("not_equal"), BROADCAST_LOGIC),
    broadcasting(("broadcast_greater",), applied("greater"), BROADCAST_LOGIC),
    broadcasting(("broadcast_greater_equal",), applied("greater_equal"), BROADCAST_LOGIC),
    broadcasting(("broadcast_lesser",), applied("lesser"), BROADCAST_LOGIC),
    broadcasting(("broadcast_lesser_equal",), applied("lesser_equal"), BROADCAST_LOGIC),
    broadcasting(("broadcast_logical_and",), applied("logical_and"), BROADCAST_LOGIC),
    broadcasting(("broadcast_logical_or",), applied("logical_or"), BROADCAST_LOGIC),
    broadcasting(("broadcast_logical_xor",), applied("logical_xor"), BROADCAST_LOGIC),
    promoting("_npi_add", add),
    promoting("_npi_subtract", subtract),
    promoting("_npi_multiply", multiply),
    promoting("_npi_mod", modulo),
    promoting("_npi_power", power),
    Operator(
        ("_npi_true_divide",),
        TRUE_DIVIDE,
        applied("/"),
        broadcast,
        inputs=("lhs", "rhs"),
        integral=lambda call: False,
    ),
    promoting("_npi_hypot", hypot, NUMPY_EXTENDED),
    promoting("_npi_arctan2", applied("torch.atan2", False), NUMPY_EXTENDED),
    promoting("_npi_copysign", applied("torch.copysign", False), NUMPY_EXTENDED),
    comparing("_npi_equal", "=="),
    comparing("_npi_not_equal", "!="),
    comparing("_npi_greater", ">"),
    comparing("_npi_greater_equal", ">="),
    comparing("_npi_less", "<"),
    comparing("_npi_less_equal", "<="),
    promoting("_npi_bitwise_and", applied("&"), NUMPY_EXTENDED),
    promoting("_npi_bitwise_or", applied("|"), NUMPY_EXTENDED),
    promoting("_npi_bitwise_xor", applied("^"), NUMPY_EXTENDED),
)
