# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""MXNet 1.9.1 writes networks of the Module days with their answers, and answers again.

    uv run --script tests/support/mxnet_graphs.py write FOLDER
    uv run --script tests/support/mxnet_graphs.py answer SYMBOL PARAMS INPUTS.npz OUT.npz

``write`` leaves, for each network, NAME-symbol.json, NAME-0007.params, NAME-inputs.npz with float32
arrays by input, and NAME-outputs.npz. ``answer`` runs a symbol with other parameters.
"""

import pathlib
import sys

import mxnet as mx
import numpy as np


def unit(x, name, filters, stride):
    body = mx.sym.BatchNorm(x, fix_gamma=False, eps=2e-5, name=f"{name}_bn1")
    body = mx.sym.Convolution(
        body, num_filter=filters, kernel=(3, 3), pad=(1, 1), no_bias=True, name=f"{name}_conv1"
    )
    body = mx.sym.BatchNorm(body, fix_gamma=False, eps=2e-5, name=f"{name}_bn2")
    body = mx.sym.LeakyReLU(body, act_type="prelu", name=f"{name}_relu1")
    body = mx.sym.Convolution(
        body,
        num_filter=filters,
        kernel=(3, 3),
        pad=(1, 1),
        stride=(stride, stride),
        no_bias=True,
        name=f"{name}_conv2",
    )
    short = x
    if stride > 1:
        short = mx.sym.Convolution(
            x,
            num_filter=filters,
            kernel=(1, 1),
            stride=(stride, stride),
            no_bias=True,
            name=f"{name}_sc",
        )
    return mx.sym.elemwise_add(body, short, name=f"{name}_plus")


def face():
    """As an ArcFace network: fixed gammas, PReLU, residual units, an embedding."""
    x = mx.sym.Variable("data")
    x = mx.sym.BatchNorm(x, fix_gamma=True, eps=2e-5, name="bn_data")
    x = mx.sym.Convolution(x, num_filter=8, kernel=(3, 3), pad=(1, 1), no_bias=True, name="conv0")
    for stage, filters in ((1, 8), (2, 16)):
        for number in (1, 2, 3):
            stride = 2 if number == 1 else 1
            x = unit(x, f"stage{stage}_unit{number}", filters, stride)
    x = mx.sym.Dropout(x, p=0.4, name="dropout0")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=12, name="pre_fc1")
    return mx.sym.BatchNorm(x, fix_gamma=True, eps=2e-5, name="fc1"), {"data": (2, 3, 16, 16)}


def towers():
    """One convolution over two images, and a training head."""
    weight = mx.sym.Variable("shared_weight")
    sides = []
    for side in ("left", "right"):
        x = mx.sym.Convolution(
            mx.sym.Variable(side),
            weight=weight,
            num_filter=4,
            kernel=(3, 3),
            no_bias=True,
            name=f"conv_{side}",
        )
        x = mx.sym.Pooling(
            mx.sym.Activation(x, act_type="relu"),
            kernel=(2, 2),
            stride=(2, 2),
            pool_type="max",
            pooling_convention="full",
        )
        sides.append(mx.sym.Flatten(x))
    x = mx.sym.FullyConnected(mx.sym.Concat(*sides), num_hidden=3, name="score")
    return mx.sym.SoftmaxOutput(x, name="softmax"), {"left": (2, 1, 9, 9), "right": (2, 1, 9, 9)}


def text():
    """Words through an embedding and two LSTM layers."""
    x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=20, output_dim=6, name="embed")
    x = mx.sym.swapaxes(x, 0, 1)
    x = mx.sym.RNN(
        data=x,
        parameters=mx.sym.Variable("lstm_parameters"),
        state=mx.sym.zeros((2, 0, 5)),
        state_cell=mx.sym.zeros((2, 0, 5)),
        state_size=5,
        num_layers=2,
        mode="lstm",
        name="lstm",
    )
    x = mx.sym.SequenceLast(x, name="last")
    return mx.sym.FullyConnected(x, num_hidden=4, name="score"), {"data": (2, 7)}


def pixels():
    """Probabilities from images whose channels come last, of a size that the graph tells."""
    x = mx.sym.transpose(mx.sym.Variable("data", shape=(1, 8, 8, 3)), axes=(0, 3, 1, 2))
    x = mx.sym.Convolution(x, num_filter=4, kernel=(3, 3), name="conv")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x), num_hidden=5, name="score")
    return mx.sym.SoftmaxOutput(x, name="softmax"), {"data": (1, 8, 8, 3)}


NETWORKS = {"face": face, "towers": towers, "text": text, "pixels": pixels}


def drawn(name, shape, random):
    values = random.uniform(-0.5, 0.5, shape)
    if name.endswith("_var"):
        values = values + 1.0
    elif name.endswith("gamma"):
        values = values + 1.2
    elif len(shape) > 1:
        values = values * 2 / np.sqrt(np.prod(shape[1:]))
    return mx.nd.array(values.astype(np.float32))


def run(symbol, arrays, inputs):
    """The outputs of a symbol in inference; ``arrays`` are named as in a file of parameters."""
    values = {name.partition(":")[2]: array for name, array in arrays.items()}
    shapes = {name: array.shape for name, array in inputs.items()}
    executor = symbol.simple_bind(mx.cpu(), grad_req="null", **shapes)
    for held in (executor.arg_dict, executor.aux_dict):
        for name, array in held.items():
            if name in values:
                array[:] = values[name]
    for name, array in inputs.items():
        executor.arg_dict[name][:] = array
    return [output.asnumpy() for output in executor.forward(is_train=False)]


def write(folder):
    for name, make in NETWORKS.items():
        random = np.random.RandomState(7)
        symbol, shapes = make()
        sizes, _, auxiliary = symbol.infer_shape(**shapes)
        arguments = [
            (f"arg:{n}", s)
            for n, s in zip(symbol.list_arguments(), sizes, strict=True)
            if n not in shapes and not n.endswith("label")
        ]
        names = symbol.list_auxiliary_states()
        states = [(f"aux:{n}", s) for n, s in zip(names, auxiliary, strict=True)]
        arrays = {n: drawn(n, shape, random) for n, shape in arguments + states}
        inputs = {
            n: (random.randint(0, 20, s) if name == "text" else random.uniform(-1, 1, s)).astype(
                np.float32
            )
            for n, s in shapes.items()
        }
        symbol.save(str(folder / f"{name}-symbol.json"))
        mx.nd.save(str(folder / f"{name}-0007.params"), arrays)
        np.savez(folder / f"{name}-inputs.npz", **inputs)
        np.savez(folder / f"{name}-outputs.npz", *run(symbol, arrays, inputs))


def answer(symbol, params, inputs, out):
    with np.load(inputs) as held:
        given = {name: held[name] for name in held}
    np.savez(out, *run(mx.sym.load(symbol), mx.nd.load(params), given))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(pathlib.Path(sys.argv[2]))
    else:
        answer(*sys.argv[2:])
