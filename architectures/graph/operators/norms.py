"""Normalisations with parameters (MXNet src/operator/nn, instance_norm)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import Attribute, flag, integer, number
from architectures.graph.expression import Apply, Expression, FieldOf, NnLayer, Value
from architectures.graph.infer import axis_of, same
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.windows import keywords

BATCH_NORM_EPS = 0.0010000000474974513
"""MXNet's default, a float32 kept as a double; an ``eps`` that a file gives is a double."""

BATCH_NORMS = {2: "nn.BatchNorm1d", 3: "nn.BatchNorm1d", 4: "nn.BatchNorm2d", 5: "nn.BatchNorm3d"}


def channel_axis(call: Call) -> int:
    """The axis of the channels, counted from the front where the rank is known."""
    axis: int = call.attributes.get("axis", 1)
    rank = call.rank()
    return axis if rank is None else axis_of(axis, rank)


def channels(call: Call, axis: int) -> int | None:
    data = call.shapes[0]
    return None if data is None or not -len(data) <= axis < len(data) else data[axis]


def parameter_size(call: Call) -> int | None:
    shape = call.shapes[1]
    return None if shape is None else shape[0]


def batch_norm(call: Call) -> Expression | tuple[Expression, ...]:
    """``fix_gamma`` is True unless the file says otherwise: gamma counts as 1.

    Statistics are those of the file in inference, and those of the batch in training; with
    ``use_global_stats`` they are those of the file in both.
    """
    data, gamma, beta, mean, variance = call.inputs
    rounded = call["eps"] == BATCH_NORM_EPS
    eps = 1e-3 if rounded else call["eps"]
    axis, rank, fixed = channel_axis(call), call.rank(), call["fix_gamma"]
    x: Expression = data if axis == 1 else Apply(".movedim", (data, axis, 1))
    flat = rank not in BATCH_NORMS
    functional = Apply(
        "F.batch_norm",
        (x, mean, variance, None if fixed else gamma, beta),
        {"eps": eps},
        "batch_norm_eps32" if rounded else None,
    )
    if call["use_global_stats"]:
        normalised: Expression = functional
    else:
        given = Apply(".flatten", (Apply(".unsqueeze", (x, -1)), 2)) if flat else x
        normalised = NnLayer(
            BATCH_NORMS.get(rank or 0, "nn.BatchNorm1d"),
            (parameter_size(call),),
            keywords(eps=(eps, 1e-5), momentum=(round(1 - call["momentum"], 9), 0.1)),
            {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"},
            (given,),
            functional
            if not flat
            else Apply(
                "F.batch_norm", (given, *functional.args[1:]), functional.kwargs, functional.exact
            ),
            ("weight",) if fixed else (),
            ("num_batches_tracked",),
            "layer_eps32" if rounded else None,
        )
        if flat:
            normalised = Apply(".view_as", (normalised, x))
    if axis != 1:
        normalised = Apply(".movedim", (normalised, 1, axis))
    if call.node.op in ("_contrib_BatchNormWithReLU", "_npx_batch_norm_with_relu"):
        normalised = Apply("F.relu", (normalised,))
    if not call["output_mean_var"]:
        return normalised
    return normalised, mean, second_statistic(call, variance)


def second_statistic(call: Call, variance: Value) -> Expression:
    """The third output: 1 / standard deviation, but the variance for BatchNorm_v1."""
    if call.node.op in ("_contrib_SyncBatchNorm", "_npx_sync_batch_norm"):
        raise call.refuse("MXNet leaves the outputs of output_mean_var undefined in inference")
    if call.node.op == "BatchNorm_v1":
        return variance
    return Apply("torch.rsqrt", (Apply("+", (variance, call["eps"])),))


def batch_norm_shape(call: Call) -> tuple[Dims | None, ...]:
    statistics = (channels(call, channel_axis(call)),)
    return (call.shapes[0], *((statistics, statistics) if call["output_mean_var"] else ()))


def batch_norm_weights(call: Call) -> Mapping[int, Dims]:
    return dict.fromkeys(range(1, 5), (channels(call, channel_axis(call)),))


def outputs(attributes: Mapping[str, Any]) -> int:
    return 3 if attributes["output_mean_var"] else 1


def layer_norm(call: Call) -> Expression | tuple[Expression, ...]:
    """Over one axis, the last one unless the file says otherwise."""
    data, gamma, beta = call.inputs
    axis, rank, eps = call["axis"], call.rank(), call["eps"]
    last = axis in (-1, (rank or 0) - 1)
    x: Expression = data if last else Apply(".movedim", (data, axis, -1))
    size = parameter_size(call)
    normalised: Expression = NnLayer(
        "nn.LayerNorm",
        (size,),
        keywords(eps=(eps, 1e-5)),
        {1: "weight", 2: "bias"},
        (x,),
        Apply(
            "F.layer_norm",
            (x, FieldOf(gamma, "shape") if size is None else (size,), gamma, beta),
            {"eps": eps},
            "layer_norm_eps32",
        ),
        exact="layer_eps32",
    )
    if not last:
        normalised = Apply(".movedim", (normalised, -1, axis))
    if not call["output_mean_var"]:
        return normalised
    mean = Apply(".mean", (data, axis), {"keepdim": True})
    deviation = Apply("standard_deviation", (data, axis, eps), exact="standard_deviation_eps32")
    return normalised, mean, deviation


def layer_norm_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if not call["output_mean_var"]:
        return (data,)
    if data is None:
        return (None, None, None)
    axis = axis_of(call["axis"], len(data))
    statistics = (*data[:axis], 1, *data[axis + 1 :])
    return (data, statistics, statistics)


def layer_norm_weights(call: Call) -> Mapping[int, Dims]:
    return dict.fromkeys((1, 2), (channels(call, call["axis"]),))


INSTANCE_NORMS = {3: "nn.InstanceNorm1d", 4: "nn.InstanceNorm2d", 5: "nn.InstanceNorm3d"}


def instance_norm(call: Call) -> Expression:
    """Each channel of each image by its own statistics."""
    data, gamma, beta = call.inputs
    eps, rank = call["eps"], call.rank()
    functional = Apply(
        "F.instance_norm",
        (data,),
        {"weight": gamma, "bias": beta, "eps": eps},
        "instance_norm_eps32",
    )
    if rank not in INSTANCE_NORMS:
        return functional
    return NnLayer(
        INSTANCE_NORMS[rank],
        (parameter_size(call),),
        {**keywords(eps=(eps, 1e-5)), "affine": True},
        {1: "weight", 2: "bias"},
        (data,),
        functional,
        exact="layer_eps32",
    )


def instance_norm_weights(call: Call) -> Mapping[int, Dims]:
    return dict.fromkeys((1, 2), (channels(call, 1),))


STATISTICS: Mapping[str, Attribute] = {
    "eps": number(BATCH_NORM_EPS),
    "momentum": number(0.9),
    "fix_gamma": flag(True),
    "use_global_stats": flag(False),
    "output_mean_var": flag(False),
}
BATCH_NORM_INPUTS = ("data", "gamma", "beta", "moving_mean", "moving_var")

OPERATORS = (
    Operator(
        (
            "BatchNorm",
            "BatchNorm_v1",
            "CuDNNBatchNorm",
            "_contrib_SyncBatchNorm",
            "_contrib_BatchNormWithReLU",
            "_npx_batch_norm",
            "_npx_sync_batch_norm",
            "_npx_batch_norm_with_relu",
        ),
        "src/operator/nn/batch_norm.cc",
        batch_norm,
        batch_norm_shape,
        {**STATISTICS, "axis": integer(1)},
        ignored=("cudnn_off", "mkldnn_off", "min_calib_range", "max_calib_range", "ndev", "key"),
        inputs=BATCH_NORM_INPUTS,
        auxiliary=2,
        outputs=outputs,
        weights=batch_norm_weights,
    ),
    Operator(
        ("LayerNorm", "_npx_layer_norm"),
        "src/operator/nn/layer_norm.cc",
        layer_norm,
        layer_norm_shape,
        {"axis": integer(-1), "eps": number(1e-5), "output_mean_var": flag(False)},
        inputs=("data", "gamma", "beta"),
        outputs=outputs,
        weights=layer_norm_weights,
    ),
    Operator(
        ("InstanceNorm", "_npx_instance_norm"),
        "src/operator/instance_norm.cc",
        instance_norm,
        same,
        {"eps": number(1e-3)},
        inputs=("data", "gamma", "beta"),
        weights=instance_norm_weights,
    ),
)
