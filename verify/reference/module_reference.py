# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""What MXNet computes for a ResNet of its Module API, layer by layer: the source's own answer.

    uv run --script verify/reference/module_reference.py MODEL WEIGHTS INPUTS.npz OUT.npz

This is the independent side of the proof: it imports nothing from gluonport and uses only files.
The network is the graph that MXNet's example/image-classification/symbols/resnet.py makes, node by
node, without the softmax at its end: a test compares it with graphs that other people published.

MODEL    ``imagenet1k-resnet-50`` or another of MXNet's names, or ``cifar_resnet20_module`` for the
         network of the same script for images of up to 28 x 28
WEIGHTS  ``synthetic``, a ``.params`` file with the graph's names, ``arg:`` and ``aux:`` before
         them or not, or an ``.npz`` with the names ``LAYER.LEAF``. The classifier may have another
         name than ``fc1``.

INPUTS, OUT, digests and synthetic weights are those of ``gluon_reference.py``. A layer has the name
of its node (``stage1_unit1_conv1``), a block that of its unit (``stage1_unit1``), the max-pool
``maxpool``. A tensor is ``stage1_unit1_bn1.running_mean``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gluon_reference import (  # type: ignore[import-not-found]
    Refusal,
    digest,
    last_line,
    read,
    read_inputs,
    synthetic,
    tensors_sha256,
    write,
)

if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)

# Node by node, as Gluon runs its networks. MXNet's subgraph backend (oneDNN) would fuse nodes, and
# the float32 logits of cifar_resnet56_module are then 2.5 times as far from the float64 ones.
os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"

import mxnet as mx  # type: ignore[import-not-found]
import numpy as np

Array = np.ndarray[Any, Any]
UNITS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}
CLASSES = {"imagenet1k": 1000, "imagenet11k": 11_221, "imagenet11k-place365ch": 11_586, "cifar": 10}
LEAVES = {"moving_mean": "running_mean", "moving_var": "running_var"}
EPS = 2e-5


@dataclass
class SymbolNetwork:
    """A network's logits as a symbol, and of every recorded layer its kind, input and output."""

    logits: Any = None
    layers: dict[str, tuple[str, Any, Any]] = field(default_factory=dict)

    def keep(self, name: str, kind: str, given: Any, output: Any) -> Any:
        self.layers[name] = kind, given, output
        return output

    def conv(self, x: Any, name: str, channels: int, kernel: int, stride: int = 1) -> Any:
        window = {"kernel": (kernel, kernel), "stride": (stride, stride), "pad": (kernel // 2,) * 2}
        y = mx.sym.Convolution(x, name=name, num_filter=channels, no_bias=True, **window)
        return self.keep(name, "conv", x, y)

    def norm(self, x: Any, name: str, fixed: bool = False) -> Any:
        y = mx.sym.BatchNorm(x, name=name, fix_gamma=fixed, eps=EPS, momentum=0.9)
        return self.keep(name, "norm", x, y[0])

    def unit(self, x: Any, name: str, channels: int, stride: int, first: bool, deep: bool) -> Any:
        active = relu(self.norm(x, f"{name}_bn1"), f"{name}_relu1")
        inner = channels // 4 if deep else channels
        windows = ((inner, 1), (inner, 3), (channels, 1)) if deep else ((inner, 3), (inner, 3))
        y = active
        for number, (width, kernel) in enumerate(windows, 1):
            if number > 1:
                y = relu(self.norm(y, f"{name}_bn{number}"), f"{name}_relu{number}")
            strided = stride if number == (2 if deep else 1) else 1
            y = self.conv(y, f"{name}_conv{number}", width, kernel, strided)
        shortcut = self.conv(active, f"{name}_sc", channels, 1, stride) if first else x
        return self.keep(name, "block", x, y + shortcut)


def relu(x: Any, name: str) -> Any:
    return mx.sym.Activation(x, act_type="relu", name=name)


def create(model: str, classes: int | None) -> tuple[SymbolNetwork, int]:
    """The network of one of the names, and its class count."""
    kind, _, number = model.rpartition("-resnet-")
    small = re.fullmatch(r"cifar_resnet(\d+)_module", model)
    if small:
        kind, number = "cifar", small[1]
    depth = int(number) if number.isdecimal() else 0
    if kind not in CLASSES or not (depth in UNITS or (small and depth % 6 == 2 and depth > 2)):
        raise Refusal(f"{model}: MXNet's symbol script makes no network of this name")
    deep = not small and depth >= 50
    units = ((depth - 2) // 6,) * 3 if small else UNITS[depth]
    widths = (16, 32, 64) if small else tuple(64 * 2**i * (4 if deep else 1) for i in range(4))
    classes = classes or CLASSES[kind]

    net = SymbolNetwork()
    x = net.norm(mx.sym.identity(mx.sym.Variable("data"), name="id"), "bn_data", fixed=True)
    if small:
        x = net.conv(x, "conv0", 16, 3)
    else:
        x = relu(net.norm(net.conv(x, "conv0", 64, 7, 2), "bn0"), "relu0")
        window = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}
        x = net.keep("maxpool", "pool", x, mx.sym.Pooling(x, pool_type="max", **window))
    for stage, (count, width) in enumerate(zip(units, widths, strict=True), 1):
        for unit in range(1, count + 1):
            stride = 2 if stage > 1 and unit == 1 else 1
            x = net.unit(x, f"stage{stage}_unit{unit}", width, stride, unit == 1, deep)
    x = relu(net.norm(x, "bn1"), "relu1")
    x = mx.sym.Pooling(x, global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
    x = mx.sym.Flatten(x)
    net.logits = mx.sym.FullyConnected(x, num_hidden=classes, name="fc1")
    net.keep("fc1", "dense", x, net.logits)
    return net, classes


# -------------------------------------------------------------------------------------- weights


def tensors(net: SymbolNetwork, shape: tuple[int, ...]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Tensor name -> the graph's variable and its shape."""
    known, _, states = net.logits.infer_shape(data=shape)
    names = [*net.logits.list_arguments(), *net.logits.list_auxiliary_states()]
    shapes = dict(zip(names, [*known, *states], strict=True))
    del shapes["data"]
    return {canonical(name, "_"): (name, shape) for name, shape in shapes.items()}


def canonical(name: str, joint: str) -> str:
    """``arg:bn0_moving_mean`` -> ``bn0.running_mean``."""
    name = re.sub(r"^(arg|aux):", "", name)
    ends = "weight|bias|gamma|beta|(?:moving|running)_(?:mean|var)"
    found = re.fullmatch(rf"(.*)[.{joint}]({ends})", name)
    return f"{found[1]}.{LEAVES.get(found[2], found[2])}" if found else name


def match(path: Path, wanted: dict[str, tuple[str, tuple[int, ...]]]) -> dict[str, Array]:
    """The file's arrays by tensor name, each exactly once."""
    arrays: dict[str, Array] = {}
    for found, array in read(path).items():
        name = canonical(found, "_")
        if name in arrays:
            raise Refusal(f"{path}: two arrays are {name!r}")
        arrays[name] = array
    if "fc1.weight" not in arrays:
        left = {name.rpartition(".")[0] for name in arrays if name not in wanted}
        if len(left) == 1:
            (head,) = left
            arrays = {re.sub(rf"^{re.escape(head)}\.", "fc1.", n): a for n, a in arrays.items()}
    for name in arrays:
        if name not in wanted:
            raise Refusal(f"{path}: array {name!r} belongs to no parameter of the network")
    if absent := [name for name in wanted if name not in arrays]:
        raise Refusal(f"{path}: without {absent[0]!r}, the first of {len(absent)} that are missing")
    return {name: arrays[name] for name in wanted}


def load(
    model: str, source: str, classes: int | None, shape: tuple[int, ...]
) -> tuple[SymbolNetwork, int, dict[str, Array], dict[str, str]]:
    """The network, its class count, every tensor, and the graph's variable of each."""
    net, count = create(model, classes)
    wanted = tensors(net, shape)
    if source == "synthetic":
        values = {name: synthetic(model, name, s) for name, (_, s) in wanted.items()}
    else:
        values = match(Path(source), wanted)
        found = int(values["fc1.weight"].shape[0])
        if classes not in (None, found):
            raise Refusal(f"{source}: the file has {found} classes, --classes says {classes}")
        net, count = create(model, found)
        wanted = tensors(net, shape)
        for name, (_, expected) in wanted.items():
            if values[name].shape != expected or values[name].dtype.kind != "f":
                what = f"{values[name].dtype} {values[name].shape}"
                raise Refusal(f"{source}: {name!r} is {what}, the network's is float {expected}")
    return net, count, values, {name: variable for name, (variable, _) in wanted.items()}


# ------------------------------------------------------------------------------------- measuring


def answers(
    net: SymbolNetwork,
    values: dict[str, Array],
    variables: dict[str, str],
    inputs: Array,
    precision: str,
) -> Any:
    """A function from the number of an image to its logits and every layer's input and output."""
    outputs = [net.logits, *(y for _, _, y in net.layers.values())]
    outputs += [x for _, x, _ in net.layers.values()]
    group = mx.sym.Group(outputs)
    given = {variables[n]: mx.nd.array(v, dtype=precision) for n, v in values.items()}
    states = {name: given.pop(name) for name in group.list_auxiliary_states()}
    image = mx.nd.zeros(inputs[:1].shape, dtype=precision)
    executor = group.bind(mx.cpu(), {**given, "data": image}, aux_states=states, grad_req="null")

    def run(number: int) -> tuple[Array, list[Array], list[Array]]:
        image[:] = mx.nd.array(inputs[number : number + 1], dtype=precision)
        logits, *rest = (array.asnumpy()[0] for array in executor.forward(is_train=False))
        count = len(net.layers)
        return logits, rest[:count], rest[count:]

    return run


def measure(
    runs: dict[str, Any], net: SymbolNetwork, count: int, full: list[str]
) -> dict[str, Any]:
    """All arrays of OUT except ``about``."""
    names, exact, single = [*net.layers], runs.get("float64"), runs.get("float32")
    if unknown := [name for name in full if name not in names]:
        raise Refusal(f"--full-activations: no layer {unknown[0]!r}")
    logits: dict[str, list[Array]] = {precision: [] for precision in runs}
    rows: list[list[tuple[Any, ...]]] = []
    kept: dict[str, list[Array]] = {f"{side}/{n}": [] for n in full for side in ("input", "output")}
    for number in range(count):
        results = {precision: run(number) for precision, run in runs.items()}
        for precision, (answer, _, _) in results.items():
            logits[precision].append(answer)
        if exact is None:
            continue
        _, outputs, inputs = results["float64"]
        others = results["float32"][1] if single else outputs
        row = []
        for output, other in zip(outputs, others, strict=True):
            projections = digest(output)
            shift = np.subtract(digest(other.astype(np.float64)), projections)
            scale = max(np.linalg.norm(output), np.finfo(np.float64).tiny)
            row.append((projections, scale, np.abs(output).max(), np.abs(shift).max() / scale))
        rows.append(row)
        for name in full:
            kept[f"input/{name}"].append(inputs[names.index(name)])
            kept[f"output/{name}"].append(outputs[names.index(name)])
    out: dict[str, Any] = {f"logits_{p}": np.stack(found) for p, found in logits.items()}
    if exact is not None:
        digests, scales, peaks, drifts = zip(*(zip(*row, strict=True) for row in rows), strict=True)
        out["layers"] = np.array(names)
        out["kinds"] = np.array([kind for kind, _, _ in net.layers.values()])
        out["digests_float64"] = np.array(digests).transpose(1, 0, 2)
        out["scales_float64"] = np.array(scales).T
        out["max_float64"] = np.array(peaks).T
        if single is not None:
            out["drift_float32"] = np.max(drifts, axis=0)
    return out | {name: np.stack(images) for name, images in kept.items()}


def reference(arguments: argparse.Namespace) -> None:
    precisions = arguments.precision or ["float64", "float32"]
    inputs = read_inputs(arguments.inputs)
    shape = inputs[:1].shape
    net, classes, values, variables = load(
        arguments.model, arguments.weights, arguments.classes, shape
    )
    if arguments.save_symbol:
        mx.sym.SoftmaxOutput(net.logits, name="softmax").save(str(arguments.save_symbol))
    if arguments.save_params:
        states = set(net.logits.list_auxiliary_states())
        named = {
            f"{'aux' if variable in states else 'arg'}:{variable}": mx.nd.array(values[name])
            for name, variable in variables.items()
        }
        mx.nd.save(str(arguments.save_params), named)
    runs = {p: answers(net, values, variables, inputs, p) for p in precisions}
    about = {
        "model": arguments.model,
        "classes": classes,
        "weights": "synthetic" if arguments.weights == "synthetic" else "file",
        "weights_sha256": tensors_sha256(values),
        "inputs_sha256": hashlib.sha256(inputs.tobytes()).hexdigest(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("numpy", "mxnet", "gluoncv")},
    }
    found = measure(runs, net, len(inputs), arguments.full_activations)
    write(arguments.out, found | {"about": np.array(json.dumps(about))})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("weights", help="'synthetic' or a .params file")
    parser.add_argument("inputs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--precision", action="append", choices=["float64", "float32"])
    parser.add_argument("--full-activations", nargs="+", metavar="NAME", default=[])
    parser.add_argument("--classes", type=int)
    parser.add_argument("--save-params", type=Path, metavar="FILE")
    parser.add_argument("--save-symbol", type=Path, metavar="FILE")
    try:
        reference(parser.parse_args(argv))
    except Refusal as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    except mx.MXNetError as error:
        print(f"error: MXNet: {last_line(error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
