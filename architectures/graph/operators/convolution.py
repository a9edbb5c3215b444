"""Convolutions and their transposes (MXNet src/operator/nn)."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import Attribute, choice, flag, integer, shape
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.windows import (
    LAYOUTS,
    axes,
    back_to_last,
    channels_first,
    channels_last,
    expect_rank,
    joined,
    keywords,
    literal,
    split,
)


def bias_of(call: Call) -> tuple[Expression, ...]:
    return () if call["no_bias"] else call.inputs[2:3]


def convolution(call: Call) -> Expression:
    """A weight is (filters, channels / groups, *kernel); channels come last in NHWC."""
    expect_rank(call)
    count = len(call["kernel"])
    stride, pad = literal(axes(call, "stride", 1)), literal(axes(call, "pad", 0))
    dilation, groups = literal(axes(call, "dilate", 1)), call["num_group"]
    options = keywords(
        stride=(stride, 1), padding=(pad, 0), dilation=(dilation, 1), groups=(groups, 1)
    )
    bias = bias_of(call)
    x, weight = call.input(0), call.input(1)
    if channels_last(call):
        function = Apply(
            f"F.conv{count}d", (channels_first(x), channels_first(weight), *bias), options
        )
        return back_to_last(function)
    shape = call.shapes[1]
    return NnLayer(
        f"nn.Conv{count}d",
        (
            None if shape is None or shape[1] is None else shape[1] * groups,
            call["num_filter"],
            literal(call["kernel"]),
        ),
        options | ({} if bias else {"bias": False}),
        {1: "weight", 2: "bias"} if bias else {1: "weight"},
        (x,),
        Apply(f"F.conv{count}d", (x, weight, *bias), options),
    )


def convolution_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    expect_rank(call)
    batch, _, sizes = split(call, data or (None,) * (2 + len(call["kernel"])))
    parts = zip(
        sizes,
        call["kernel"],
        axes(call, "stride", 1),
        axes(call, "pad", 0),
        axes(call, "dilate", 1),
        strict=True,
    )
    found = tuple(
        None if size is None else (size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1
        for size, kernel, stride, pad, dilate in parts
    )
    return (joined(call, batch, call["num_filter"], found),)


def convolution_weights(call: Call) -> Mapping[int, Dims]:
    data, bias = call.shapes[0], (call["num_filter"],)
    channels = None if data is None else split(call, data)[1]
    inputs = None if channels is None else channels // call["num_group"]
    return {1: joined(call, call["num_filter"], inputs, call["kernel"]), 2: bias}


def deconvolution(call: Call) -> Expression:
    """A weight is (channels, filters / groups, *kernel), as PyTorch's is."""
    expect_rank(call)
    if set(axes(call, "dilate", 1)) != {1}:
        raise call.refuse(
            f"a transposed convolution with dilate {call['dilate']} is not supported: MXNet 1.9.1 "
            f"places its taps without the dilation on a CPU, so that no proof is possible"
        )
    count = len(call["kernel"])
    kernel, stride = call["kernel"], axes(call, "stride", 1)
    groups, bias = call["num_group"], bias_of(call)
    last = channels_last(call)
    x, weight = (channels_first(v) if last else v for v in call.inputs[:2])
    if any(call["target_shape"]):
        target = axes(call, "target_shape", 0)
        given = bias or (None,)
        cut = Apply("deconvolution_to", (x, weight, *given, target, stride, groups))
        return back_to_last(cut) if last else cut
    pad, adj = axes(call, "pad", 0), axes(call, "adj", 0)
    options = keywords(
        stride=(literal(stride), 1),
        padding=(literal(pad), 0),
        output_padding=(literal(adj), 0),
        groups=(groups, 1),
    )
    function = Apply(f"F.conv_transpose{count}d", (x, weight, *bias), options)
    if last:
        return back_to_last(function)
    shape = call.shapes[1]
    return NnLayer(
        f"nn.ConvTranspose{count}d",
        (None if shape is None else shape[0], call["num_filter"], literal(kernel)),
        options | ({} if bias else {"bias": False}),
        {1: "weight", 2: "bias"} if bias else {1: "weight"},
        (x,),
        function,
    )


def deconvolution_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    expect_rank(call)
    batch, _, sizes = split(call, data or (None,) * (2 + len(call["kernel"])))
    if any(call["target_shape"]):
        return (joined(call, batch, call["num_filter"], axes(call, "target_shape", 0)),)
    parts = zip(
        sizes,
        call["kernel"],
        axes(call, "stride", 1),
        axes(call, "pad", 0),
        axes(call, "adj", 0),
        strict=True,
    )
    found = tuple(
        None if size is None else (size - 1) * stride + kernel - 2 * pad + adj
        for size, kernel, stride, pad, adj in parts
    )
    return (joined(call, batch, call["num_filter"], found),)


def deconvolution_weights(call: Call) -> Mapping[int, Dims]:
    data, filters = call.shapes[0], call["num_filter"]
    channels = None if data is None else split(call, data)[1]
    return {1: joined(call, channels, filters // call["num_group"], call["kernel"]), 2: (filters,)}


COMMON: Mapping[str, Attribute] = {
    "kernel": shape(),
    "num_filter": integer(),
    "stride": shape(()),
    "dilate": shape(()),
    "pad": shape(()),
    "num_group": integer(1),
    "layout": choice(*LAYOUTS, default=None),
}
TUNING = ("workspace", "cudnn_tune", "cudnn_off")

OPERATORS = (
    Operator(
        ("Convolution", "Convolution_v1", "_npx_convolution"),
        "src/operator/nn/convolution.cc",
        convolution,
        convolution_shape,
        {**COMMON, "no_bias": flag(False)},
        ignored=TUNING,
        inputs=("data", "weight", "bias"),
        weights=convolution_weights,
    ),
    Operator(
        ("Deconvolution", "_npx_deconvolution"),
        "src/operator/nn/deconvolution.cc",
        deconvolution,
        deconvolution_shape,
        {**COMMON, "adj": shape(()), "target_shape": shape(()), "no_bias": flag(True)},
        ignored=TUNING,
        inputs=("data", "weight", "bias"),
        weights=deconvolution_weights,
    ),
)
