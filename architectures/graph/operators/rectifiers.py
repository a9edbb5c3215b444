"""LeakyReLU and its kin (MXNet src/operator/leaky_relu.cc), and dropout."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import choice, number, shape
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.infer import same
from architectures.graph.operator import Call, Dims, Limit, Operator


def leaky_relu(call: Call) -> Expression:
    """``slope`` is 0.25 unless the file says otherwise.

    MXNet multiplies in float32 (src/operator/mshadow_op.h, xelu) in leaky, prelu and rrelu. The
    second output of rrelu, the slopes that training draws, is of no use to a graph.
    """
    x, kind, slope = call.input(0), call["act_type"], call["slope"]
    if kind == "leaky":
        return Apply("F.leaky_relu", (x, slope), exact="leaky_relu_float32")
    if kind == "elu":
        return Apply("F.elu", (x, slope), exact="elu_slope32")
    if kind == "selu":
        return Apply("F.selu", (x,), exact="selu_constants32")
    if kind == "gelu":
        return Apply("F.gelu", (x,), exact="gelu_float32")
    if kind == "rrelu":
        bounds = (call["lower_bound"], call["upper_bound"])
        function = Apply("F.rrelu", (x, *bounds), exact="rrelu_float32")
        return NnLayer("nn.RReLU", bounds, {}, {}, (x,), function, exact="rrelu_layer_float32")
    weight = call.shapes[1]
    if weight is not None and len(weight) != 1:
        raise call.refuse(f"its slopes have the shape {weight}; expected one axis")
    count = () if weight is None or weight[0] == 1 else (weight[0],)
    return NnLayer(
        "nn.PReLU",
        count,
        {},
        {1: "weight"},
        (x,),
        Apply("F.prelu", (x, call.input(1)), exact="prelu_float32"),
        exact="prelu_layer_float32",
    )


def leaky_relu_weights(call: Call) -> Mapping[int, Dims]:
    """One slope for each channel, or one for all."""
    return {1: (None,)} if call["act_type"] == "prelu" else {}


def dropout(call: Call) -> Expression:
    """Nothing in inference. ``axes`` are those along which all is kept or dropped together."""
    x, p, axes = call.input(0), call["p"], call["axes"]
    if call["mode"] == "always" and p > 0:
        raise call.refuse(
            "dropout in the mode 'always' is random in inference too, so it cannot be proven"
        )
    if not axes:
        return layer("nn.Dropout", p, x)
    rank = call.rank()
    if rank is not None and rank > 2 and sorted(axes) == list(range(2, rank)) and rank < 6:
        return layer(f"nn.Dropout{rank - 2}d", p, x)
    return Apply("*", (x, layer("nn.Dropout", p, Apply("ones_along", (x, axes)))))


def layer(kind: str, p: float, x: Expression) -> Expression:
    return NnLayer(kind, (p,), {}, {}, (x,), Apply("F.dropout", (x, p), {"training": False}))


GELU = Limit(
    2.4e-7,
    "MXNet computes gelu in float32, with the error function of the C library that it runs with",
    {"act_type": "gelu"},
)

OPERATORS = (
    Operator(
        ("LeakyReLU", "_npx_leaky_relu"),
        "src/operator/leaky_relu.cc",
        leaky_relu,
        same,
        {
            "act_type": choice("leaky", "prelu", "elu", "selu", "gelu", "rrelu", default="leaky"),
            "slope": number(0.25),
            "lower_bound": number(0.125),
            "upper_bound": number(0.334),
        },
        inputs=("data", "gamma"),
        weights=leaky_relu_weights,
        limit=GELU,
    ),
    Operator(
        ("Dropout", "_npx_dropout"),
        "src/operator/nn/dropout.cc",
        dropout,
        same,
        {
            "p": number(0.5),
            "mode": choice("training", "always", default="training"),
            "axes": shape(()),
        },
        ignored=("cudnn_off",),
        inputs=("data",),
    ),
)
