"""Fully connected layers and plain activations (MXNet src/operator/nn)."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import choice, flag, integer
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.infer import product, same
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.shaping import flatten


def fully_connected(call: Call) -> Expression:
    """``flatten`` is True unless the file says otherwise: all axes but the first become one."""
    x: Expression = call.input(0)
    if call["flatten"] and call.rank() != 2:
        x = flatten(call)
    weight = call.shapes[1]
    inputs = None if weight is None else weight[1]
    bias = call.inputs[2:3] if not call["no_bias"] else ()
    return NnLayer(
        "nn.Linear",
        (inputs, call["num_hidden"]),
        {} if bias else {"bias": False},
        {1: "weight", 2: "bias"} if bias else {1: "weight"},
        (x,),
        Apply("F.linear", (x, call.input(1), *bias)),
    )


def fully_connected_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return (None,) if not call["flatten"] else ((None, call["num_hidden"]),)
    return ((*(data[:1] if call["flatten"] else data[:-1]), call["num_hidden"]),)


def fully_connected_weights(call: Call) -> Mapping[int, Dims]:
    data = call.shapes[0]
    if data is None:
        return {2: (call["num_hidden"],)}
    inputs = product(data[1:]) if call["flatten"] else data[-1]
    return {1: (call["num_hidden"], inputs), 2: (call["num_hidden"],)}


ACTIVATIONS = {
    "relu": "F.relu",
    "sigmoid": "torch.sigmoid",
    "tanh": "torch.tanh",
    "softrelu": "F.softplus",
    "softsign": "F.softsign",
    "log_sigmoid": "F.logsigmoid",
    "mish": "F.mish",
}


def activation(call: Call) -> Expression:
    """MXNet src/operator/mshadow_op.h; softrelu is log(1 + exp(x)).

    The last two kinds are MXNet 2's.
    """
    return Apply(ACTIVATIONS[call["act_type"]], call.inputs)


OPERATORS = (
    Operator(
        ("FullyConnected", "_npx_fully_connected"),
        "src/operator/nn/fully_connected.cc",
        fully_connected,
        fully_connected_shape,
        {"num_hidden": integer(), "no_bias": flag(False), "flatten": flag(True)},
        inputs=("data", "weight", "bias"),
        weights=fully_connected_weights,
    ),
    Operator(
        ("Activation", "_npx_activation"),
        "src/operator/nn/activation.cc",
        activation,
        same,
        {"act_type": choice(*ACTIVATIONS)},
        inputs=("data",),
    ),
)
