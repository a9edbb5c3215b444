# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""What MXNet computes for a Gluon network, layer by layer: the source framework's own answer.

    uv run --script verify/reference/gluon_reference.py MODEL WEIGHTS INPUTS.npz OUT.npz

This is the independent side of the proof: it imports nothing from gluonport and uses only files.

MODEL    a GluonCV name (``resnext50_32x4d``), or ``seresnext8_digits``, the small sample network;
         ``_thumbnail`` after a name builds the network with ``thumbnail=True`` and 10 classes
WEIGHTS  ``synthetic``, or a ``.params`` (or ``.npz``) file in any of Gluon's namings
INPUTS   an ``.npz`` with ``inputs``, float32 (N, C, H, W), normalised; the network takes C channels
OUT      an ``.npz`` without pickles; the same arguments give the same bytes on the same machine

For P in float64, float32 (``--precision``), N images, L layers in execution order, K = 4:

    logits_P         (N, classes)  P
    layers, kinds    (L,)          structural Gluon names (``features.4.0.body.0``), and their
                                   kinds: conv, norm, dense, pool, block, or a class name;
                                   a block with several outputs has a row for each of them:
                                   ``stage2.0[1]``
    digests_float64  (L, N, K)     fixed random projections of the layer's output, below
    scales_float64   (L, N)        its L2 norm
    max_float64      (L, N)        its largest magnitude
    drift_float32    (L,)          max |float32's digest - float64's| / scale over all images
    input/NAME, output/NAME        float64, of every layer named by ``--full-activations``
    about            ()            JSON: versions, model, classes, sha256 of inputs and weights

Layer arrays need float64. Each image is run alone, so no result depends on its neighbours. In
float64 leaky ReLUs are spelled out, since MXNet's own operator rounds to float32.

Digests
    r(k, axis, length), the coefficients along one axis:
        seed = first 4 bytes, little-endian, of sha256("gluonport/{k}/{axis}/{length}")
        v = numpy.random.RandomState(seed).random_sample((2, length))
        r = where(v[0] < 0.5, -1, 1) * (0.5 + v[1])
    An activation (C, H, W) of one image has, for k = 0..3, the digest
        sum over c, h, w of r(k, "c", C)[c] * r(k, "h", H)[h] * r(k, "w", W)[w] * x[c, h, w]
    and one of shape (C,) has sum over c of r(k, "c", C)[c] * x[c]. All in float64.

Synthetic weights, a function of (MODEL, structural tensor name, shape)
    seed = first 4 bytes, little-endian, of sha256("{model}/{tensor}")
    u = numpy.random.RandomState(seed).random_sample(shape), float64 in [0, 1), C order; f = product
    of shape[1:]. By the name's last part, in float64 in the order written, then rounded to float32:
        weight              (6 u - 3) / sqrt(f) - 1 / f
        bias                u - 0.5
        gamma               0.5 + 0.3 u, times 0.75 if MODEL begins with cifar_resnet110 or
                            xception, times 1.5 if with mobilenet0 or mobilenet1, times
                            1.1 if with mobilenetv3
        beta, running_mean  b + copysign(0.1, b) with b = 0.4 u - 0.2
        running_var         0.6 + 0.35 u
    Only uniform numbers are used: normal ones need a logarithm, which differs between platforms.
    The slightly negative mean of the weights balances what ReLUs add, so that activations stay of
    order 1 through 101 layers, with and without squeeze-and-excitation. Without the smaller gammas
    54 blocks of few channels would amplify rounding errors 46 times, and Xception's separable
    convolutions all activations; with the larger ones images
    stay distinguishable in MobileNets. BatchNorm values are neither close to 0 nor to 1.

Weights from a file must set every parameter exactly once. The class count is the file's own.
Failures are one line, ``error: ...``, on stderr, with exit status 1.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import math
import os
import platform
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

# A file beside this script must not be imported in place of a module that MXNet needs.
if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)

import gluoncv  # type: ignore[import-not-found]
import mxnet as mx  # type: ignore[import-not-found]
import numpy as np
from gluoncv.model_zoo.resnext import ResNext  # type: ignore[import-not-found]
from gluoncv.nn import GroupNorm  # type: ignore[import-not-found]
from mxnet.gluon import nn  # type: ignore[import-not-found]
from mxnet.gluon.contrib.nn import HybridConcurrent  # type: ignore[import-not-found]

Array = np.ndarray[Any, Any]
PROJECTIONS = 4
THUMBNAIL = "_thumbnail"
GAMMAS = {
    "cifar_resnet110": 0.75,
    "mobilenet0": 1.5,
    "mobilenet1": 1.5,
    "mobilenetv3": 1.1,
    "xception": 0.75,
}
KINDS = (
    (nn.conv_layers._Conv, "conv"),
    (nn.BatchNorm, "norm"),
    (GroupNorm, "norm"),
    (nn.Dense, "dense"),
    (nn.conv_layers._Pooling, "pool"),
)


class Refusal(Exception):
    """An error that the caller has to correct; its text is one line."""


# ------------------------------------------------------------------------------------- networks


def create(model: str, classes: int | None, channels: int) -> Any:
    """A network without values, for images with ``channels`` channels; ``classes`` None means the
    model's own count."""
    option = "num_classes" if model.startswith("hrnet") else "classes"
    head = {} if classes is None else {option: classes}
    if model == "seresnext8_digits":
        net = ResNext([1, 1], 8, 4, use_se=True, **{"classes": 10, **head})
    else:
        if model.endswith(THUMBNAIL):
            head = {"thumbnail": True, "classes": 10, **head}
        try:
            name = model.removesuffix(THUMBNAIL)
            net = gluoncv.model_zoo.get_model(name, pretrained=False, **head)
        except ValueError:
            gluon = f"GluonCV {version('gluoncv')}"
            raise Refusal(f"{model}: {gluon} has no model of this name") from None
    # Some first convolutions are built for 3 channels, others infer them from the image.
    first = next(block for _, block in walk(net) if isinstance(block, nn.conv_layers._Conv))
    outputs, _, *window = first.weight.shape
    first.weight._shape = (outputs, channels, *window)
    return net


def walk(block: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every block below ``block`` with its structural name."""
    for key, child in block._children.items():
        path = f"{name}.{key}" if name else key
        yield path, child
        yield from walk(child, path)


def kind_of(block: Any) -> str | None:
    """The kind that a block is recorded as; None for containers and layers without parameters."""
    for layer, kind in KINDS:
        if isinstance(block, layer):
            return kind
    if isinstance(block, HybridConcurrent):
        return "block"
    if block._children:
        return None if isinstance(block, nn.Sequential | nn.HybridSequential) else "block"
    return type(block).__name__.lower() if block._reg_params else None


def classifier(net: Any) -> tuple[str, int]:
    """The structural name of the last layer, dense or a convolution, and its class count."""
    types = (nn.Dense, nn.conv_layers._Conv)
    layers = [(name, block) for name, block in walk(net) if isinstance(block, types)]
    if not layers:
        raise Refusal("the network has no layer that could give classes")
    name, last = layers[-1]
    return name, last._units if isinstance(last, nn.Dense) else last._channels


def infer_shapes(net: Any, image: Array) -> dict[str, tuple[int, ...]]:
    """Every parameter's shape, by structural name, for images like this one."""
    try:
        if any(
            isinstance(block, GroupNorm) for _, block in walk(net)
        ):  # which has no symbolic form
            net.initialize(mx.init.Zero())
            net(mx.nd.array(image))
        else:
            net.infer_shape(mx.nd.array(image))
    except (ValueError, mx.MXNetError) as error:
        shape = f"{image.shape[2]} x {image.shape[3]}"
        raise Refusal(f"the network takes no {shape} images: {last_line(error)}") from None
    return {name: p.shape for name, p in parameters_of(net).items()}


def parameters_of(net: Any) -> dict[str, Any]:
    """Every parameter by structural name. A parameter of two blocks has the last of its names, as
    ``save_parameters(deduplicate=True)`` gives it."""
    names = {parameter: name for name, parameter in net._collect_params_with_prefix().items()}
    return {name: parameter for parameter, name in names.items()}


def spell_out_leaky_relus(net: Any) -> None:
    """Let leaky ReLUs multiply in the network's precision. MXNet's operator multiplies in float32
    in a float64 network too (src/operator/mshadow_op.h), and two right networks would then differ
    where a value lies between two float32 numbers."""
    for _, block in walk(net):
        if isinstance(block, nn.LeakyReLU):
            block.hybrid_forward = lambda F, x, slope=block._alpha: F.where(x > 0, x, x * slope)


def fill(net: Any, weights: dict[str, Array], precision: str) -> Any:
    """The network with every parameter set, in the given precision."""
    net.collect_params().setattr("grad_req", "null")  # gradients would double the memory
    net.initialize(mx.init.Zero())
    net.cast(precision)
    if precision == "float64":
        spell_out_leaky_relus(net)
    for name, parameter in parameters_of(net).items():
        parameter.set_data(mx.nd.array(weights[name], dtype=precision))
    return net


# -------------------------------------------------------------------------------------- weights


def uniform(key: str, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) that depend on ``key`` alone: numpy keeps RandomState's stream frozen."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "little")
    numbers: Array = np.random.RandomState(seed).random_sample(shape)
    return numbers


def synthetic(model: str, tensor: str, shape: tuple[int, ...]) -> Array:
    """One synthetic tensor, float32, by the rules above."""
    u, leaf = uniform(f"{model}/{tensor}", shape), tensor.rpartition(".")[2]
    if leaf == "weight":
        fan_in = math.prod(shape[1:])
        values = (6.0 * u - 3.0) / math.sqrt(fan_in) - 1.0 / fan_in
    elif leaf == "bias":
        values = u - 0.5
    elif leaf == "gamma":
        values = 0.5 + 0.3 * u
        values *= next((f for name, f in GAMMAS.items() if model.startswith(name)), 1.0)
    elif leaf in ("beta", "running_mean"):
        b = 0.4 * u - 0.2
        values = b + np.copysign(0.1, b)
    elif leaf == "running_var":
        values = 0.6 + 0.35 * u
    else:
        raise Refusal(f"{model}: no synthetic rule for tensor {tensor!r}")
    return np.asarray(values, np.float32)


def read(path: Path) -> dict[str, Array]:
    """The named arrays of a ``.params`` file, as MXNet reads them."""
    if not path.is_file():
        raise Refusal(f"{path}: no such file")
    if zipfile.is_zipfile(path):
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive}
    try:
        loaded = mx.nd.load(str(path))
    except mx.MXNetError as error:
        raise Refusal(f"{path}: MXNet cannot read it: {last_line(error)}") from None
    if not isinstance(loaded, dict):
        raise Refusal(f"{path}: its arrays have no names")
    return {name: array.asnumpy() for name, array in loaded.items()}


def match(net: Any, arrays: dict[str, Array], path: Path) -> dict[str, Array]:
    """The file's arrays under the network's structural names, each parameter exactly once.

    Flat names are the network's own flat names after a prefix: the prefix that most arrays share.
    The head may have another prefix and number.
    """
    parameters = parameters_of(net)
    again = net._collect_params_with_prefix().keys() - parameters.keys()
    arrays = {name: array for name, array in arrays.items() if name not in again}
    targets = {name: name for name in parameters}
    names = {found: canonical(found) for found in arrays}
    if not any("." in name for name in names.values()):
        flat = {p.name.removeprefix(net.prefix): name for name, p in parameters.items()}
        prefixes = Counter(
            name.removesuffix(key) for name in names.values() for key in flat if name.endswith(key)
        )
        prefix = prefixes.most_common(1)[0][0] if prefixes else ""
        targets = {prefix + key: name for key, name in flat.items()}
        head, _ = classifier(net)
        for name in names.values():
            leaf = re.fullmatch(r"(?:.*_)?dense\d+_(weight|bias)", name)
            if leaf and name not in targets:
                targets[name] = f"{head}.{leaf[1]}"
    matched: dict[str, str] = {}
    for found, name in names.items():
        target = targets.get(name)
        if target is None:
            raise Refusal(f"{path}: array {found!r} belongs to no parameter of the network")
        if target in matched:
            raise Refusal(f"{path}: {matched[target]!r} and {found!r} are both {target!r}")
        matched[target] = found
    if absent := [name for name in parameters if name not in matched]:
        raise Refusal(f"{path}: without {absent[0]!r}, the first of {len(absent)} that are missing")
    return {name: arrays[matched[name]] for name in parameters}


def canonical(name: str) -> str:
    """A name as Gluon's layers spell it, without the parts that exports and symbols add."""
    name = re.sub(r"^(arg|aux):", "", name)
    name = re.sub(r"moving_(mean|var)$", r"running_\1", name)
    return re.sub(r"(?:syncbatchnorm|batchnormcudnnoff)(\d+_)", r"batchnorm\1", name)


def tensors_sha256(weights: dict[str, Array]) -> str:
    """One hash of all tensors, however the file names and orders them."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()


def load(
    model: str, source: str, classes: int | None, image: Array
) -> tuple[int, dict[str, Array]]:
    """The class count and every tensor of the network, by structural name."""
    channels = image.shape[1]
    net = create(model, classes, channels)
    head, own = classifier(net)
    if source == "synthetic":
        shapes = infer_shapes(net, image)
        return own, {name: synthetic(model, name, shapes[name]) for name in shapes}
    path = Path(source)
    weights = match(net, read(path), path)
    found = int(weights[f"{head}.weight"].shape[0])
    if classes not in (None, found):
        raise Refusal(f"{path}: the file has {found} classes, --classes says {classes}")
    for name, shape in infer_shapes(create(model, found, channels), image).items():
        if weights[name].shape != shape:
            raise Refusal(
                f"{path}: {name!r} has shape {weights[name].shape}, the network's is {shape}"
            )
        if weights[name].dtype.kind != "f":
            raise Refusal(f"{path}: {name!r} is {weights[name].dtype}, not floating point")
    return found, weights


# ------------------------------------------------------------------------------------- measuring


@contextmanager
def constants_in(precision: str) -> Iterator[None]:
    """Give constants without a type this precision; GluonCV's GroupNorm has such constants."""
    module, usual = mx.nd.ndarray, mx.nd.ndarray.mx_real_t
    module.mx_real_t = np.dtype(precision).type
    try:
        yield
    finally:
        module.mx_real_t = usual


@cache
def coefficients(k: int, axis: str, length: int) -> Array:
    """The k-th projection's coefficients along one axis, magnitudes in [0.5, 1.5)."""
    sign, size = uniform(f"gluonport/{k}/{axis}/{length}", (2, length))
    return np.asarray(np.where(sign < 0.5, -1.0, 1.0) * (0.5 + size))


def digest(activation: Array) -> list[float]:
    """The K projections of one image's activation, (C, H, W) or (C,)."""
    digests = []
    for k in range(PROJECTIONS):
        rest = activation
        for axis in reversed("chw"[: activation.ndim]):
            rest = rest @ coefficients(k, axis, rest.shape[-1])
        digests.append(float(rest))
    return digests


def watch(net: Any) -> dict[str, tuple[Any, Any]]:
    """The input and output of every recorded layer, in execution order; each run fills them in. The
    output of a layer that has an activation in it is taken before the activation.

    A layer without parameters that runs more than once is left out: its rows would have one name.
    """
    seen: dict[str, tuple[Any, Any]] = {}
    repeated: set[str] = set()

    def hook_for(name: str) -> Any:
        def hook(block: Any, inputs: Any, output: Any) -> None:
            if name in seen and not block._collect_params_with_prefix():
                repeated.add(name)
                del seen[name]
            if name in repeated:
                return
            several = isinstance(output, list | tuple)
            parts = {f"{name}[{i}]": part for i, part in enumerate(output)} if several else {}
            for layer, part in (parts or {name: raw.pop(name, output)}).items():
                if layer in seen:
                    raise Refusal(f"layer {layer!r} runs twice for one image")
                seen[layer] = inputs[0], part

        return hook

    raw: dict[str, Any] = {}

    def before_activation(name: str) -> Any:
        def hook(_: Any, inputs: Any, __: Any) -> None:
            raw[name] = inputs[0]

        return hook

    for name, block in walk(net):
        if not kind_of(block):
            continue
        block.register_forward_hook(hook_for(name))
        if getattr(block, "act", None) is not None:
            block.act.register_forward_hook(before_activation(name))
    return seen


def measure(net64: Any | None, net32: Any | None, inputs: Array, full: list[str]) -> dict[str, Any]:
    """All arrays of OUT except ``about``. Images run one by one: one image's layers are kept."""
    seen64 = watch(net64) if net64 else {}
    seen32 = watch(net32) if net32 and net64 else {}
    logits: dict[str, list[Array]] = {"float64": [], "float32": []}
    rows: list[list[tuple[Any, ...]]] = []
    kept: dict[str, list[Array]] = {f"{side}/{n}": [] for n in full for side in ("input", "output")}
    for image in inputs[:, None]:
        seen64.clear()
        seen32.clear()
        for net, precision in ((net64, "float64"), (net32, "float32")):
            if net:
                with constants_in(precision):
                    answer = net(mx.nd.array(image, dtype=precision))
                logits[precision].append(answer.asnumpy()[0])
        for name in full:
            if name not in seen64:
                near = difflib.get_close_matches(name, seen64, n=1, cutoff=0) or ["none"]
                raise Refusal(f"--full-activations: no layer {name!r}; the nearest is {near[0]!r}")
            for side, array in zip(("input", "output"), seen64[name], strict=True):
                kept[f"{side}/{name}"].append(array.asnumpy())
        row: list[tuple[Any, ...]] = []
        for name, (_, output) in seen64.items():
            exact = output.asnumpy()[0]
            single = seen32[name][1].asnumpy()[0].astype(np.float64) if seen32 else exact
            shift = np.subtract(digest(single), digest(exact))
            scale = max(np.linalg.norm(exact), np.finfo(np.float64).tiny)
            drift = np.abs(shift).max() / scale
            row.append((digest(exact), scale, np.abs(exact).max(), drift))
        rows.append(row)

    out: dict[str, Any] = {f"logits_{p}": np.stack(rows) for p, rows in logits.items() if rows}
    if net64:
        kinds = {name: kind_of(block) for name, block in walk(net64)}
        digests, scales, peaks, drifts = zip(*(zip(*row, strict=True) for row in rows), strict=True)
        out["layers"] = np.array(list(seen64))
        out["kinds"] = np.array([kinds[name.partition("[")[0]] for name in seen64])
        out["digests_float64"] = np.array(digests).transpose(1, 0, 2)
        out["scales_float64"] = np.array(scales).T
        out["max_float64"] = np.array(peaks).T
        if net32:
            out["drift_float32"] = np.max(drifts, axis=0)
    return out | {name: np.concatenate(images) for name, images in kept.items()}


# ----------------------------------------------------------------------------------------- edges


def last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]


def read_inputs(path: Path) -> Array:
    try:
        with np.load(path, allow_pickle=False) as archive:
            inputs: Array = archive["inputs"]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise Refusal(f"{path}: no .npz file with an array 'inputs': {last_line(error)}") from None
    if inputs.dtype != np.float32 or inputs.ndim != 4 or not inputs.size:
        found = f"{inputs.dtype} {inputs.shape}"
        raise Refusal(f"{path}: 'inputs' is {found}, expected float32 (N, C, H, W)")
    if not np.isfinite(inputs).all():
        raise Refusal(f"{path}: 'inputs' holds values that are not finite")
    return np.ascontiguousarray(inputs)


def write(path: Path, arrays: dict[str, Any]) -> None:
    """Write the whole file or nothing."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.unlink(
            missing_ok=True
        )  # removes a link, not its target; O_EXCL then follows no link
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(handle, "wb") as file:
            np.savez_compressed(file, **arrays)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise Refusal(f"{path}: cannot be written: {error.strerror}") from None


def reference(arguments: argparse.Namespace) -> None:
    model, precisions = arguments.model, arguments.precision or ["float64", "float32"]
    full = arguments.full_activations
    if full and "float64" not in precisions:
        raise Refusal("--full-activations are float64: leave --precision out or add float64 to it")
    inputs = read_inputs(arguments.inputs)
    classes, weights = load(model, arguments.weights, arguments.classes, inputs[:1])

    def network(precision: str) -> Any:
        net = create(model, classes, inputs.shape[1])
        infer_shapes(net, inputs[:1])
        return fill(net, weights, precision)

    net64 = network("float64") if "float64" in precisions else None
    net32 = network("float32") if "float32" in precisions else None
    if arguments.save_params:
        (net32 or network("float32")).save_parameters(str(arguments.save_params))
    about = {
        "model": model,
        "classes": classes,
        "weights": "synthetic" if arguments.weights == "synthetic" else "file",
        "weights_sha256": tensors_sha256(weights),
        "inputs_sha256": hashlib.sha256(inputs.tobytes()).hexdigest(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("numpy", "mxnet", "gluoncv")},
    }
    write(
        arguments.out,
        measure(net64, net32, inputs, full) | {"about": np.array(json.dumps(about))},
    )


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
