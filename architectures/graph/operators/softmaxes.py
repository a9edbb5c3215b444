"""Softmax in its forms, and the heads of training graphs, whose labels inference drops."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import Attribute, choice, flag, integer, number
from architectures.graph.expression import Apply, DType, Expression
from architectures.graph.infer import same
from architectures.graph.operator import Call, Dims, Operator

FUNCTIONS = {
    "softmax": "F.softmax",
    "_npx_softmax": "F.softmax",
    "log_softmax": "F.log_softmax",
    "_npx_log_softmax": "F.log_softmax",
    "softmin": "F.softmin",
}


def softmax(call: Call) -> Expression:
    """Over the last axis unless the file says otherwise; logits are divided by ``temperature``."""
    x: Expression = call.input(0)
    if call["temperature"] not in (None, 1.0):
        x = Apply("/", (x, call["temperature"]))
    if call["use_length"]:
        if FUNCTIONS[call.node.op or ""] != "F.softmax":
            raise call.refuse("use_length is not supported: MXNet 1.9.1 fails on it too")
        y = Apply("softmax_of_length", (x, call.input(1), call["axis"]))
    else:
        y = Apply(FUNCTIONS[call.node.op or ""], (x, call["axis"]))
    return y if call["dtype"] is None else Apply(".to", (y, DType(call["dtype"])))


def softmax_activation(call: Call) -> Expression:
    """``instance``: over the last axis; ``channel``: over axis 1."""
    return Apply("F.softmax", (call.input(0), 1 if call["mode"] == "channel" else -1))


def softmax_output(call: Call) -> Expression:
    """Without its gradient, SoftmaxOutput is a softmax, over all values of a row together unless
    the file says otherwise. (Of data with more than two axes MXNet 1.9.1 takes the last axis alone
    where MKL-DNN computes it: in float32 on a CPU.)
    """
    if call["preserve_shape"]:
        return Apply("F.softmax", (call.input(0), -1))
    if call["multi_output"]:
        return Apply("F.softmax", (call.input(0), 1))
    return over_row(call)


def over_row(call: Call) -> Expression:
    x = call.input(0)
    if call.rank() == 2:
        return Apply("F.softmax", (x, 1))
    return Apply(".view_as", (Apply("F.softmax", (Apply(".flatten", (x, 1)), 1)), x))


def data(call: Call) -> Expression:
    """The data themselves: what remains of a loss without its gradient."""
    return call.input(0)


def logistic(call: Call) -> Expression:
    return Apply("torch.sigmoid", (call.input(0),))


def cross_entropy(call: Call) -> Expression:
    """The sum over the batch, as one number."""
    exact = "sum_of_cross_entropies_least32"
    return Apply("sum_of_cross_entropies", call.inputs, exact=exact)


def one_number(call: Call) -> tuple[Dims | None, ...]:
    return ((1,),)


SOFTMAX: Mapping[str, Attribute] = {
    "axis": integer(-1),
    "temperature": number(None),
    "dtype": choice("float16", "float32", "float64", default=None),
    "use_length": flag(False),
}
GRADIENT = (
    "grad_scale",
    "ignore_label",
    "use_ignore",
    "normalization",
    "out_grad",
    "smooth_alpha",
    "valid_thresh",
    "margin",
    "regularization_coefficient",
    "use_linear",
    "sparseness_target",
    "penalty",
    "momentum",
)
LABELLED = ("data", "label")

OPERATORS = (
    Operator(
        ("softmax", "_npx_softmax"),
        "src/operator/nn/softmax.cc",
        softmax,
        same,
        SOFTMAX,
        inputs=("data", "length"),
    ),
    Operator(
        ("log_softmax", "_npx_log_softmax"),
        "src/operator/nn/log_softmax.cc",
        softmax,
        same,
        SOFTMAX,
        inputs=("data",),
    ),
    Operator(("softmin",), "src/operator/nn/softmin.cc", softmax, same, SOFTMAX, inputs=("data",)),
    Operator(
        ("SoftmaxActivation",),
        "src/operator/nn/softmax_activation.cc",
        softmax_activation,
        same,
        {"mode": choice("instance", "channel", default="instance")},
        inputs=("data",),
    ),
    Operator(
        ("SoftmaxOutput", "Softmax"),
        "src/operator/softmax_output.cc",
        softmax_output,
        same,
        {"multi_output": flag(False), "preserve_shape": flag(False)},
        ignored=GRADIENT,
        inputs=LABELLED,
    ),
    Operator(
        ("LinearRegressionOutput", "MAERegressionOutput", "SVMOutput"),
        "src/operator/regression_output.cc",
        data,
        same,
        ignored=GRADIENT,
        inputs=LABELLED,
    ),
    Operator(
        ("LogisticRegressionOutput",),
        "src/operator/regression_output.cc",
        logistic,
        same,
        ignored=GRADIENT,
        inputs=LABELLED,
    ),
    Operator(
        ("MakeLoss",),
        "src/operator/make_loss.cc",
        data,
        same,
        ignored=GRADIENT,
        inputs=("data",),
    ),
    Operator(
        ("IdentityAttachKLSparseReg",),
        "src/operator/identity_attach_KL_sparse_reg.cc",
        data,
        same,
        ignored=GRADIENT,
        inputs=("data",),
        auxiliary=1,
    ),
    Operator(
        ("softmax_cross_entropy",),
        "src/operator/loss_binary_op.cc",
        cross_entropy,
        one_number,
        inputs=LABELLED,
    ),
)
