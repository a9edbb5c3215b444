"""Mathematical functions of one tensor (MXNet src/operator/tensor/elemwise_unary_op_*.cc)."""

from __future__ import annotations

import math

from architectures.graph.attributes import integer, number
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import same
from architectures.graph.operator import Call, Operator

BASIC = "src/operator/tensor/elemwise_unary_op_basic.cc"
POWERS = "src/operator/tensor/elemwise_unary_op_pow.cc"
LOGARITHMS = "src/operator/tensor/elemwise_unary_op_logexp.cc"
TRIGONOMETRIC = "src/operator/tensor/elemwise_unary_op_trig.cc"
SPECIAL = "src/operator/tensor/elemwise_unary_op_basic.cc"
NUMPY = "src/operator/numpy/np_elemwise_unary_op_basic.cc"


def elementwise(
    names: tuple[str, ...],
    source: str,
    function: str,
    integers: bool = False,
    exact: str | None = None,
) -> Operator:
    """An operator that is one function of one tensor.

    ``integers``: whether PyTorch gives integers for integers, as MXNet does.
    """

    def becomes(call: Call) -> Expression:
        if call.integral and not integers:
            raise call.refuse("integers are not supported; MXNet rounds its results to integers")
        return Apply(function, call.inputs, exact=exact)

    return Operator(names, source, becomes, same, inputs=("data",))


def truth_value(name: str, function: str) -> Operator:
    """A test of numpy mode, which gives booleans."""
    return Operator(
        (name,),
        NUMPY,
        lambda call: Apply(function, call.inputs),
        same,
        inputs=("data",),
        integral=lambda call: True,
    )


def logical_not_numpy(call: Call) -> Expression:
    return Apply("==", (call.input(0), 0))


def reciprocal_cube_root(call: Call) -> Expression:
    return Apply("/", (1, Apply("cube_root", call.inputs)))


def hard_sigmoid(call: Call) -> Expression:
    arguments = (call.input(0), call["alpha"], call["beta"])
    return Apply("hard_sigmoid", arguments, exact="hard_sigmoid_in_float32")


def clip(call: Call) -> Expression:
    """Integers stay what they are: MXNet truncates the bounds."""
    if call.integral:
        bounds = {"min": call["a_min"], "max": call["a_max"]}
        whole = {name: math.trunc(bound) for name, bound in bounds.items() if math.isfinite(bound)}
        return Apply("torch.clamp", call.inputs, whole) if whole else call.input(0)
    arguments = (call.input(0), call["a_min"], call["a_max"])
    return Apply("torch.clamp", arguments, exact="clip_in_float32")


def smooth_l1(call: Call) -> Expression:
    return Apply("smooth_l1", (call.input(0), call["scalar"]))


def around(call: Call) -> Expression:
    decimals = {"decimals": call["decimals"]} if call["decimals"] else {}
    return Apply("torch.round", call.inputs, decimals)


def nan_to_num(call: Call) -> Expression:
    limits = {name: call[name] for name in ("posinf", "neginf") if call[name] is not None}
    return Apply("torch.nan_to_num", (call.input(0), call["nan"]), limits)


OPERATORS = (
    elementwise(("abs", "_npi_absolute", "_npi_abs"), BASIC, "torch.abs", integers=True),
    elementwise(("sign", "_npi_sign"), BASIC, "torch.sign", integers=True),
    elementwise(("negative", "_npi_negative"), BASIC, "neg", integers=True),
    elementwise(("reciprocal", "_npi_reciprocal"), BASIC, "torch.reciprocal"),
    elementwise(("relu", "_npx_relu"), BASIC, "F.relu", integers=True),
    elementwise(("sigmoid", "_npx_sigmoid"), BASIC, "torch.sigmoid"),
    elementwise(("softsign",), BASIC, "F.softsign"),
    elementwise(("round",), BASIC, "round_half_away"),
    elementwise(("rint", "_npi_rint"), BASIC, "round_half_down"),
    elementwise(("ceil", "_npi_ceil"), BASIC, "torch.ceil", integers=True),
    elementwise(("floor", "_npi_floor"), BASIC, "torch.floor", integers=True),
    elementwise(("trunc", "_npi_trunc"), BASIC, "torch.trunc", integers=True),
    elementwise(("fix", "_npi_fix"), BASIC, "torch.trunc", integers=True),
    elementwise(("square", "_npi_square"), POWERS, "torch.square", integers=True),
    elementwise(("sqrt", "_npi_sqrt"), POWERS, "torch.sqrt"),
    elementwise(("rsqrt",), POWERS, "torch.rsqrt"),
    elementwise(("cbrt", "_npi_cbrt"), POWERS, "cube_root"),
    Operator(("rcbrt",), POWERS, reciprocal_cube_root, same, inputs=("data",)),
    elementwise(("exp", "_npi_exp"), LOGARITHMS, "torch.exp"),
    elementwise(("expm1", "_npi_expm1"), LOGARITHMS, "torch.expm1"),
    elementwise(("log", "_npi_log"), LOGARITHMS, "torch.log"),
    elementwise(("log10", "_npi_log10"), LOGARITHMS, "torch.log10"),
    elementwise(("log2", "_npi_log2"), LOGARITHMS, "torch.log2"),
    elementwise(("log1p", "_npi_log1p"), LOGARITHMS, "torch.log1p"),
    elementwise(("sin", "_npi_sin"), TRIGONOMETRIC, "torch.sin"),
    elementwise(("cos", "_npi_cos"), TRIGONOMETRIC, "torch.cos"),
    elementwise(("tan", "_npi_tan"), TRIGONOMETRIC, "torch.tan"),
    elementwise(("arcsin", "_npi_arcsin"), TRIGONOMETRIC, "torch.asin"),
    elementwise(("arccos", "_npi_arccos"), TRIGONOMETRIC, "torch.acos"),
    elementwise(("arctan", "_npi_arctan"), TRIGONOMETRIC, "torch.atan"),
    elementwise(("sinh", "_npi_sinh"), TRIGONOMETRIC, "torch.sinh"),
    elementwise(("cosh", "_npi_cosh"), TRIGONOMETRIC, "torch.cosh"),
    elementwise(("tanh", "_npi_tanh"), TRIGONOMETRIC, "torch.tanh"),
    elementwise(("arcsinh", "_npi_arcsinh"), TRIGONOMETRIC, "torch.asinh"),
    elementwise(("arccosh", "_npi_arccosh"), TRIGONOMETRIC, "torch.acosh"),
    elementwise(("arctanh", "_npi_arctanh"), TRIGONOMETRIC, "torch.atanh"),
    elementwise(
        ("degrees", "_npi_degrees"), TRIGONOMETRIC, "torch.rad2deg", exact="degrees_by_float32"
    ),
    elementwise(
        ("radians", "_npi_radians"), TRIGONOMETRIC, "torch.deg2rad", exact="radians_by_float32"
    ),
    elementwise(("erf", "_npx_erf"), SPECIAL, "torch.erf"),
    elementwise(("erfinv", "_npx_erfinv"), SPECIAL, "torch.erfinv"),
    elementwise(("gamma", "_npx_gamma"), SPECIAL, "gamma_function"),
    elementwise(("gammaln", "_npx_gammaln"), SPECIAL, "torch.lgamma"),
    elementwise(("logical_not",), BASIC, "logical_not", integers=True),
    Operator(
        ("_npi_logical_not",),
        NUMPY,
        logical_not_numpy,
        same,
        inputs=("data",),
        integral=lambda call: True,
    ),
    truth_value("_npi_isnan", "torch.isnan"),
    truth_value("_npi_isinf", "torch.isinf"),
    truth_value("_npi_isposinf", "torch.isposinf"),
    truth_value("_npi_isneginf", "torch.isneginf"),
    truth_value("_npi_isfinite", "torch.isfinite"),
    Operator(
        ("hard_sigmoid",),
        BASIC,
        hard_sigmoid,
        same,
        {"alpha": number(0.2), "beta": number(0.5)},
        inputs=("data",),
    ),
    Operator(
        ("clip", "_npi_clip"),
        "src/operator/tensor/matrix_op.cc",
        clip,
        same,
        {"a_min": number(), "a_max": number()},
        inputs=("data",),
    ),
    Operator(
        ("smooth_l1", "_npx_smooth_l1"),
        "src/operator/tensor/elemwise_binary_scalar_op_extended.cc",
        smooth_l1,
        same,
        {"scalar": number(1.0)},
        inputs=("data",),
    ),
    Operator(
        ("_npi_around",),
        NUMPY,
        around,
        same,
        {"decimals": integer(0)},
        inputs=("data",),
    ),
    Operator(
        ("_npi_nan_to_num",),
        NUMPY,
        nan_to_num,
        same,
        {"nan": number(0.0), "posinf": number(None), "neginf": number(None)},
        ignored=("copy",),
        inputs=("data",),
    ),
    elementwise(
        ("_contrib_div_sqrt_dim",), "src/operator/contrib/transformer.cc", "divided_by_root"
    ),
)
