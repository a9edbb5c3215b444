"""Normalisations by norms of the data themselves: L2, local response, groups of channels."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import choice, flag, integer, number
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.infer import same
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.norms import outputs
from architectures.graph.operators.windows import keywords


def l2_normalization(call: Call) -> Expression:
    """Divided by the root of the sum of squares plus ``eps``: of all values of a row together
    (instance), of the channels at each place (channel), or of each channel (spatial)."""
    arguments = (call.input(0), call["mode"], call["eps"])
    return Apply("l2_normalized", arguments, exact="l2_normalized_eps32")


def lrn(call: Call) -> Expression:
    """nn.LocalResponseNorm divides ``alpha`` by the size too."""
    x, size = call.input(0), call["nsize"]
    options = keywords(
        alpha=(call["alpha"], 1e-4), beta=(call["beta"], 0.75), k=(call["knorm"], 1.0)
    )
    function = Apply("F.local_response_norm", (x, size), options)
    return NnLayer("nn.LocalResponseNorm", (size,), options, {}, (x,), function)


def group_norm(call: Call) -> Expression | tuple[Expression, ...]:
    """In MXNet 1 gamma and beta have one value for each group; in MXNet 2, for each channel."""
    data, gamma, beta = call.inputs
    groups, eps = call["num_groups"], call["eps"]
    shape, known = call.shapes[1], channels(call)
    size = None if shape is None else shape[0]
    if size not in (None, groups) or size == known == groups:
        normalised: Expression = NnLayer(
            "nn.GroupNorm",
            (groups, size),
            keywords(eps=(eps, 1e-5)),
            {1: "weight", 2: "bias"},
            (data,),
            Apply("F.group_norm", (data, groups, gamma, beta), {"eps": eps}, "group_norm_eps32"),
            exact="layer_eps32",
        )
    else:
        arguments = (data, groups, gamma, beta, eps)
        normalised = Apply("group_norm_by_group", arguments, exact="group_norm_by_group_eps32")
    if not call["output_mean_var"]:
        return normalised
    rows = Apply(".flatten", (Apply(".unflatten", (data, 1, (groups, -1))), 2))
    deviation = Apply("standard_deviation", (rows, 2, eps), exact="standard_deviation_eps32")
    return normalised, Apply(".mean", (rows, 2)), Apply(".squeeze", (deviation, 2))


def channels(call: Call) -> int | None:
    data = call.shapes[0]
    return None if data is None else data[1]


def group_norm_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if not call["output_mean_var"]:
        return (data,)
    statistics = (None if data is None else data[0], call["num_groups"])
    return (data, statistics, statistics)


def group_norm_weights(call: Call) -> Mapping[int, Dims]:
    return {1: (None,), 2: (None,)}


OPERATORS = (
    Operator(
        ("L2Normalization",),
        "src/operator/l2_normalization.cc",
        l2_normalization,
        same,
        {
            "eps": number(1e-10),
            "mode": choice("instance", "channel", "spatial", default="instance"),
        },
        inputs=("data",),
    ),
    Operator(
        ("LRN",),
        "src/operator/nn/lrn.cc",
        lrn,
        same,
        {
            "alpha": number(1e-4),
            "beta": number(0.75),
            "knorm": number(2.0),
            "nsize": integer(),
        },
        inputs=("data",),
    ),
    Operator(
        ("GroupNorm", "_npx_group_norm"),
        "src/operator/nn/group_norm.cc",
        group_norm,
        group_norm_shape,
        {"num_groups": integer(1), "eps": number(1e-5), "output_mean_var": flag(False)},
        inputs=("data", "gamma", "beta"),
        outputs=outputs,
        weights=group_norm_weights,
    ),
)
