# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = [
#     "mmpretrain==1.2.0",
#     "mmengine==0.10.7",
#     "mmcv-lite==2.1.0",
#     "torch==2.15.0",
#     "torchvision==0.29.2",
#     "numpy==2.4.6",
#     "safetensors==0.8.0",
# ]
# ///
"""What a timm or mmpretrain network computes, layer by layer: the source framework's own answer.

    uv run --script verify/reference/torch_reference.py mmpretrain/NAME WEIGHTS INPUTS.npz OUT.npz
    python verify/reference/torch_reference.py timm/NAME WEIGHTS INPUTS.npz OUT.npz

The counterpart of ``gluon_reference.py``, which has the specification of OUT, of the digests and
of the synthetic weights. It too imports nothing from gluonport and uses only files. timm runs in
any environment that has it; the environment declared here is mmpretrain's.

MODEL    the framework and its own name (``timm/seresnext26d_32x4d.bt_in1k``,
         ``mmpretrain/seresnet50_8xb32_in1k``); layers are recorded under the framework's names
WEIGHTS  ``synthetic``, or a ``.pth``, ``.safetensors`` or ``.npz`` file in the framework's naming
INPUTS   an ``.npz`` with ``inputs``, float32 (N, C, H, W), normalised; the network takes C channels
OUT      as ``gluon_reference.py`` writes it; logits are the classifier's output, before softmax

Synthetic weights are those of the name without its framework (``seresnext26d_32x4d.bt_in1k``).
PyTorch adds two rules: a ``weight`` of one dimension is a gamma, and ``num_batches_tracked`` is 0
and left out of every hash. A layer of kind ``block`` holds two layers or more and returns one
tensor.
Failures are one line, ``error: ...``, on stderr, with exit status 1.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import math
import os
import pickle
import platform
import sys
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

# A file beside this script must not be imported in place of a module the frameworks need.
if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

Array = np.ndarray[Any, Any]
Weights = dict[str, Tensor]
PROJECTIONS = 4
TRACKED = "num_batches_tracked"
KINDS: tuple[tuple[type[nn.Module] | tuple[type[nn.Module], ...], str], ...] = (
    (nn.Conv2d, "conv"),
    (nn.BatchNorm2d, "norm"),
    (nn.Linear, "dense"),
    ((nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d), "pool"),
)


class Refusal(Exception):
    """An error that the caller has to correct; its text is one line."""


# ------------------------------------------------------------------------------------- networks


def create(model: str, classes: int | None, channels: int) -> nn.Module:
    """A new network in evaluation mode, for images with ``channels`` channels; ``classes`` None
    means the model's own count."""
    library, _, name = model.partition("/")
    if library not in FRAMEWORKS or not name:
        begins = " or ".join(f"{framework}/" for framework in FRAMEWORKS)
        raise Refusal(f"{model}: expected a name that begins with {begins}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks' warnings about their own code
        try:
            module = import_module(library)
        except ImportError as error:
            what = f"{library} cannot be imported by {sys.executable} ({last_line(error)})"
            raise Refusal(f"{what}: install it there (uv pip install {library})") from None
        try:
            return FRAMEWORKS[library](module, name, classes, channels).eval()
        except (RuntimeError, ValueError, KeyError):
            raise Refusal(
                f"{name}: {library} {version(library)} has no model of this name"
            ) from None


def create_timm(timm: Any, name: str, classes: int | None, channels: int) -> nn.Module:
    head = {} if classes is None else {"num_classes": classes}
    architecture = name.partition(".")[0]  # the rest names published weights
    net: nn.Module = timm.create_model(architecture, pretrained=False, in_chans=channels, **head)
    return net


def create_mmpretrain(mmpretrain: Any, name: str, classes: int | None, channels: int) -> nn.Module:
    head = {} if classes is None else {"head": {"num_classes": classes}}
    net: nn.Module = mmpretrain.get_model(
        name, pretrained=False, backbone={"in_channels": channels}, **head
    )
    return net


FRAMEWORKS: dict[str, Callable[[Any, str, int | None, int], nn.Module]] = {
    "timm": create_timm,
    "mmpretrain": create_mmpretrain,
}


def classifier(net: nn.Module) -> str:
    """The name of the last dense layer."""
    dense = [str(name) for name, module in net.named_modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise Refusal("the network has no dense layer, so no class count")
    return dense[-1]


def layer_kind(module: nn.Module) -> str | None:
    """The kind that a layer is recorded as; None for other modules."""
    for layer, kind in KINDS:
        if isinstance(module, layer):
            return kind
    return None


def recorded(net: nn.Module) -> dict[str, str]:
    """The kinds of all that is recorded, by name: layers, and blocks of two layers or more."""
    modules = dict(net.named_modules())
    kinds = {name: kind for name, module in modules.items() if (kind := layer_kind(module))}
    layers = list(kinds)
    for name, module in modules.items():
        held = sum(layer.startswith(f"{name}.") for layer in layers)
        if name and held > 1 and not isinstance(module, nn.Sequential):
            kinds[name] = "block"
    return kinds


# -------------------------------------------------------------------------------------- weights


def uniform(key: str, shape: tuple[int, ...]) -> Array:
    """Numbers in [0, 1) that depend on ``key`` alone: numpy keeps RandomState's stream frozen."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "little")
    numbers: Array = np.random.RandomState(seed).random_sample(shape)
    return numbers


def synthetic(model: str, tensor: str, shape: tuple[int, ...]) -> Tensor:
    """One synthetic tensor, float32, by the rules of ``gluon_reference.py``."""
    leaf = tensor.rpartition(".")[2]
    u = uniform(f"{model}/{tensor}", shape)
    if leaf == "weight" and len(shape) > 1:
        fan_in = math.prod(shape[1:])
        values = (6.0 * u - 3.0) / math.sqrt(fan_in) - 1.0 / fan_in
    elif leaf == "weight":
        values = 0.5 + 0.3 * u
    elif leaf == "bias":
        values = u - 0.5
    elif leaf == "running_mean":
        b = 0.4 * u - 0.2
        values = b + np.copysign(0.1, b)
    elif leaf == "running_var":
        values = 0.6 + 0.35 * u
    else:
        raise Refusal(f"{model}: no synthetic rule for tensor {tensor!r}")
    return torch.from_numpy(values.astype(np.float32))


def read(path: Path) -> dict[str, Any]:
    """The tensors of a file by name."""
    if not path.is_file():
        raise Refusal(f"{path}: no such file")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return {name: torch.from_numpy(archive[name]) for name in archive}
        with torch.serialization.safe_globals([argparse.Namespace]):  # timm keeps its options
            held = torch.load(path, map_location="cpu", weights_only=True)
    except (
        OSError,
        ValueError,
        RuntimeError,
        EOFError,
        TypeError,
        SafetensorError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        what = str(error).strip().partition("\n")[0]
        raise Refusal(f"{path}: cannot be read ({what}): save the state dict alone") from None
    if not isinstance(held, dict):
        raise Refusal(f"{path}: holds a {type(held).__name__}, expected a state dict")
    inner = [value for value in held.values() if isinstance(value, dict) and holds_tensors(value)]
    if len(inner) > 1:
        raise Refusal(f"{path}: holds {len(inner)} state dicts: save one of them alone")
    return inner[0] if inner else held


def holds_tensors(value: dict[Any, Any]) -> bool:
    """Whether it is a state dict: tensors and nothing else."""
    return bool(value) and all(isinstance(item, Tensor) for item in value.values())


def match(shapes: dict[str, tuple[int, ...]], arrays: dict[str, Any], path: Path) -> Weights:
    """The file's tensors, each parameter of the network exactly once and in its shape."""
    for name, array in arrays.items():
        if name.endswith(f".{TRACKED}"):
            continue
        if name not in shapes:
            raise Refusal(f"{path}: tensor {name!r} belongs to no parameter of the network")
        if not isinstance(array, Tensor) or not array.is_floating_point():
            what = array.dtype if isinstance(array, Tensor) else type(array).__name__
            raise Refusal(f"{path}: {name!r} is {what}, not floating point")
        if (shape := tuple(array.shape)) != shapes[name]:
            raise Refusal(f"{path}: {name!r} has shape {shape}, the network's is {shapes[name]}")
    if absent := [name for name in shapes if name not in arrays]:
        raise Refusal(f"{path}: without {absent[0]!r}, the first of {len(absent)} that are missing")
    return {name: arrays[name] for name in shapes}


def shapes_of(net: nn.Module) -> dict[str, tuple[int, ...]]:
    """Every tensor's shape by name, without the batch counters."""
    state = net.state_dict()
    return {name: tuple(state[name].shape) for name in state if not name.endswith(f".{TRACKED}")}


def load(model: str, source: str, classes: int | None, channels: int) -> tuple[int, Weights]:
    """The class count and every tensor of the network, without the batch counters."""
    net = create(model, classes, channels)
    shapes, head = shapes_of(net), f"{classifier(net)}.weight"
    if source == "synthetic":
        name = model.partition("/")[2]
        weights = {tensor: synthetic(name, tensor, shapes[tensor]) for tensor in shapes}
        return shapes[head][0], weights
    path = Path(source)
    arrays = read(path)
    found = shapes[head][0]
    if isinstance(values := arrays.get(head), Tensor) and values.ndim == 2:
        found = len(values)
    if classes not in (None, found):
        raise Refusal(f"{path}: the file has {found} classes, --classes says {classes}")
    if found != shapes[head][0]:
        shapes = shapes_of(create(model, found, channels))
    return found, match(shapes, arrays, path)


def fill(net: nn.Module, weights: Weights, precision: torch.dtype) -> nn.Module:
    """The network with every tensor set, in the given precision; batch counters are 0."""
    counters = {n: torch.zeros_like(v) for n, v in net.state_dict().items() if n.endswith(TRACKED)}
    # The cast comes before the weights, which it would round. float64 is four times as fast in
    # channels-last.
    layout = torch.channels_last if precision == torch.float64 else torch.contiguous_format
    net.to(dtype=precision, memory_format=layout)  # type: ignore[call-overload]
    net.load_state_dict({**weights, **counters})
    return net


def tensors_sha256(weights: Weights) -> str:
    """One hash of all tensors, however the file orders them."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        values = weights[name].contiguous()
        plain = values.dtype != torch.bfloat16  # numpy has no such type
        dtype = values.numpy().dtype.str if plain else "bfloat16"
        digest.update(f"{name} {dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


# ------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Seen:
    """A layer's output for one image, summed up: projections, L2 norm, largest magnitude."""

    digest: Array
    scale: float
    peak: float


@cache
def coefficients(axis: str, length: int) -> Tensor:
    """All projections' coefficients along one axis, (K, length), magnitudes in [0.5, 1.5)."""
    rows = []
    for k in range(PROJECTIONS):
        sign, size = uniform(f"gluonport/{k}/{axis}/{length}", (2, length))
        rows.append(np.where(sign < 0.5, -1.0, 1.0) * (0.5 + size))
    return torch.from_numpy(np.array(rows))


def look(activation: Tensor) -> Seen:
    """One image's activation, (C, H, W) or (C,), measured in float64."""
    exact = activation.double()
    digest = torch.tensordot(coefficients("c", len(exact)), exact, 1)  # (K,) or (K, H, W)
    if exact.ndim > 1:
        _, height, width = exact.shape
        rows, columns = coefficients("h", height), coefficients("w", width)
        digest = (digest * rows[:, :, None] * columns[:, None, :]).sum((1, 2))
    scale = max(float(exact.norm()), float(np.finfo(np.float64).tiny))
    return Seen(digest.numpy(), scale, float(exact.abs().max()))


def run(
    net: nn.Module, image: Array, layers: bool, full: list[str]
) -> tuple[Array, dict[str, Seen], dict[str, Array]]:
    """One image's logits; every recorded layer in execution order; activations kept in full.

    Hooks measure at once, because the next layer may work in place.
    """
    head, kinds, modules = classifier(net), recorded(net), dict(net.named_modules())
    logits: list[Array] = []
    seen: dict[str, Seen] = {}
    kept: dict[str, Array] = {}

    def before(name: str) -> Any:
        def hook(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            kept[f"input/{name}"] = inputs[0].numpy().copy()

        return hook

    def after(name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                return
            if name in seen:
                raise Refusal(f"layer {name!r} runs twice for one image")
            seen[name] = look(output[0])
            if name in full:
                kept[f"output/{name}"] = output.numpy().copy()

        return hook

    hooks = [modules[head].register_forward_hook(lambda _, __, out: logits.append(out.numpy()[0]))]
    if layers:
        hooks += [modules[name].register_forward_hook(after(name)) for name in kinds]
        hooks += [
            modules[name].register_forward_pre_hook(before(name)) for name in full if name in kinds
        ]
    precision = next(net.parameters()).dtype
    try:
        with torch.inference_mode():
            net(torch.from_numpy(image).to(precision))
    except RuntimeError as error:
        shape = f"{image.shape[2]} x {image.shape[3]}"
        raise Refusal(f"the network takes no {shape} images: {last_line(error)}") from None
    finally:
        for hook in hooks:
            hook.remove()
    for name in full:
        if name not in seen:
            near = difflib.get_close_matches(name, seen, n=1, cutoff=0) or ["none"]
            raise Refusal(f"--full-activations: no layer {name!r}; the nearest is {near[0]!r}")
    return logits[-1], seen, kept


def measure(
    net64: nn.Module | None, net32: nn.Module | None, inputs: Array, full: list[str]
) -> dict[str, Any]:
    """All arrays of OUT except ``about``. Images run one by one, so none depends on another."""
    logits: dict[str, list[Array]] = {"float64": [], "float32": []}
    rows64: list[dict[str, Seen]] = []
    drifts: list[list[float]] = []
    kept: dict[str, list[Array]] = {f"{side}/{n}": [] for n in full for side in ("input", "output")}
    for image in inputs[:, None]:
        if net64:
            answer, exact, activations = run(net64, image, True, full)
            logits["float64"].append(answer)
            rows64.append(exact)
            for name in kept:
                kept[name].append(activations[name])
        if net32:
            answer, single, _ = run(net32, image, net64 is not None, [])
            logits["float32"].append(answer)
            if net64:
                drifts.append(
                    [
                        float(np.abs(single[name].digest - layer.digest).max()) / layer.scale
                        for name, layer in exact.items()
                    ]
                )
    out: dict[str, Any] = {f"logits_{p}": np.stack(rows) for p, rows in logits.items() if rows}
    if net64:
        names, kinds = list(rows64[0]), recorded(net64)
        out["layers"] = np.array(names)
        out["kinds"] = np.array([kinds[name] for name in names])
        out["digests_float64"] = np.array([[row[name].digest for row in rows64] for name in names])
        out["scales_float64"] = np.array([[row[name].scale for row in rows64] for name in names])
        out["max_float64"] = np.array([[row[name].peak for row in rows64] for name in names])
        if net32:
            out["drift_float32"] = np.max(drifts, axis=0)
    return out | {name: np.concatenate(images) for name, images in kept.items()}


# ----------------------------------------------------------------------------------------- edges


def last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


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
    classes, weights = load(model, arguments.weights, arguments.classes, inputs.shape[1])

    def network(precision: torch.dtype) -> nn.Module:
        return fill(create(model, classes, inputs.shape[1]), weights, precision)

    net64 = network(torch.float64) if "float64" in precisions else None
    net32 = network(torch.float32) if "float32" in precisions else None
    if arguments.save_params:
        torch.save((net32 or network(torch.float32)).state_dict(), arguments.save_params)
    about = {
        "model": model,
        "classes": classes,
        "weights": "synthetic" if arguments.weights == "synthetic" else "file",
        "weights_sha256": tensors_sha256(weights),
        "inputs_sha256": hashlib.sha256(inputs.tobytes()).hexdigest(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("numpy", "torch", model.partition("/")[0])},
    }
    write(
        arguments.out,
        measure(net64, net32, inputs, full) | {"about": np.array(json.dumps(about))},
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("weights", help="'synthetic' or a .pth, .safetensors or .npz file")
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
