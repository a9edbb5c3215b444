# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Export MXNet's model zoos as graphs, with drawn parameters where they are asked for.

    uv run --script scripts/export_zoo.py FOLDER [NAME...] [--params] [--classes 3,5] [--missing]

NAME is a GluonCV name (``resnet50_v1``), a name of ``mxnet.gluon.model_zoo.vision`` behind
``mxnet-`` (``mxnet-resnet50_v1``), or a file ``NAME-symbol.json`` with ``--input`` shapes. Without
a NAME: every name of both zoos. Nothing is downloaded. FOLDER receives, for each network:

    NAME-symbol.json   the graph, as ``HybridBlock.export`` writes it
    NAME-0000.params   with --params: parameters in float32 by the rule below (``arg:``, ``aux:``)
    NAME.json          task, preprocessing, shapes of inputs, outputs and parameters, operator
                       counts, and ``structural``: the parameters by the names that
                       ``save_parameters`` gives them

and ``untraceable.json``: why the other names have no graph. With ``--classes 3,5`` it also receives
``NAME@3-symbol.json`` and ``NAME@5-symbol.json``, the same network made for 3 and for 5 classes
where GluonCV can make it so; ``classes`` in NAME.json has the shapes of their parameters.
``--missing`` leaves out the networks whose NAME.json is there.

Inputs: batch 1 and the first shape of ``shapes_to_try`` that MXNet infers through the whole graph.
They are small and not square where the graph allows it, so that swapped axes are seen.

The rule: parameter P of network NAME is a function of (NAME, P, shape, role)
    seed = first 4 bytes, little-endian, of sha256("{NAME}/{P}")
    u = numpy.random.RandomState(seed).random_sample(shape), float64 in [0, 1), C order
    f = numbers that one output sums: product of shape[1:]; of a deconvolution, product of the shape
        without axis 1, over the product of the strides
and by the role, what the first node that takes P uses it as, computed in float64, then float32:
    weight of a convolution or dense layer     (2 u - 1) sqrt(4 / f)
    bias                                       0.4 u - 0.2
    gamma of a normalisation                   0.5 + 0.5 u; 0.2 + 0.2 u where only elemwise_add
                                               (a residual sum) takes the normalised value
    beta, moving mean                          0.6 (u - 0.5), moved 0.05 away from 0
    moving variance                            0.6 + 0.6 u
    slope of a PReLU                           0.1 + 0.3 u
    embedding, initial state, anything else    2 u - 1
    parameters of an RNN                       (2 u - 1) / sqrt(hidden units)
    Gluon's constants (anchors, offsets)       their own value
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)  # a file beside this script is not a module that MXNet needs

import gluoncv  # type: ignore[import-not-found]
import mxnet as mx  # type: ignore[import-not-found]
import numpy as np
from gluoncv.model_zoo import model_store, model_zoo
from mxnet.gluon.model_zoo import vision  # type: ignore[import-not-found]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

IMAGENET = "RGB / 255, minus (0.485, 0.456, 0.406), divided by (0.229, 0.224, 0.225)"
CIFAR = "RGB / 255, minus (0.4914, 0.4822, 0.4465), divided by (0.2023, 0.1994, 0.2010), 32 x 32"
SEGMENTATION = ("fcn", "pspnet", "deeplabv3", "deeplabv3_plus", "deeplabv3b_plus", "icnet")
SEGMENTATION += ("danet", "fastscnn")
FAMILIES = {
    # part of the module's name: task, preprocessing of its images
    ".ssd.": ("detection", f"{IMAGENET}; 300 or 512, as the name says"),
    ".darknet.": ("classification", f"{IMAGENET}; 224"),
    ".yolo.": ("detection", f"{IMAGENET}; a multiple of 32, such as 416"),
    ".center_net.": ("detection", f"{IMAGENET}; 512 x 512"),
    ".rcnn.": ("detection", f"{IMAGENET}; the short side 600 or 800"),
    ".siamrpn.": ("tracking", "BGR, 0 to 255; crops of 127 and 287"),
    ".simple_pose.": ("pose", f"{IMAGENET}; crops of people, 256 x 192"),
    ".alpha_pose.": ("pose", "RGB / 255, minus (0.406, 0.457, 0.480); crops of people, 320 x 256"),
    ".action_recognition.": ("video", f"{IMAGENET}; frames of 224, 299 or 112"),
    ".monodepthv2.": ("depth", "RGB / 255; 640 x 192"),
    **{f".{name}.": ("segmentation", IMAGENET) for name in SEGMENTATION},
    ".cifar": ("classification", CIFAR),
    "": ("classification", f"{IMAGENET}; 224 (299 for Inception and Xception, 331 for NASNet)"),
}
INPUTS = {
    "siamrpn_alexnet_v2_otb15": {"template": (1, 3, 127, 127), "search": (1, 3, 287, 287)},
    "vgg16_ucf101": {"data": (1, 3, 224, 224)},  # its first dense layer is as large as its maps
}
"""The inputs of networks that must not have the smallest: the stored weights are for these."""
CLASSES = ["one", "two", "three"]  # of the networks that are made for somebody's own classes
COUNTED = (
    # data sets whose number of classes GluonCV's constructors ask
    *("VOCDetection", "COCODetection", "COCOInstance"),
    *("VOCSegmentation", "VOCAugSegmentation", "COCOSegmentation", "ADE20KSegmentation"),
    *("CitySegmentation", "MHPV1Segmentation"),
)
LAYERS = {
    "Convolution": ("data", "weight", "bias"),
    "Convolution_v1": ("data", "weight", "bias"),
    "Deconvolution": ("data", "weight", "bias"),
    "_contrib_ModulatedDeformableConvolution": ("data", "offset", "mask", "weight", "bias"),
    "_contrib_DeformableConvolution": ("data", "offset", "weight", "bias"),
    "FullyConnected": ("data", "weight", "bias"),
    "BatchNorm": ("data", "gamma", "beta", "mean", "variance"),
    "BatchNorm_v1": ("data", "gamma", "beta", "mean", "variance"),
    "_contrib_SyncBatchNorm": ("data", "gamma", "beta", "mean", "variance"),
    "LayerNorm": ("data", "gamma", "beta"),
    "InstanceNorm": ("data", "gamma", "beta"),
    "GroupNorm": ("data", "gamma", "beta"),
    "LeakyReLU": ("data", "slope"),
    "RNN": ("data", "rnn", "state", "state"),
}
SUMS = ("elemwise_add", "_Plus", "_plus", "broadcast_add", "add_n")
THROUGH = ("Concat", "Reshape", "_rnn_param_concat", "expand_dims", "Cast", "identity", "_copy")


# ------------------------------------------------------------------------------------- networks


def names() -> list[str]:
    """Every name of GluonCV, one of its store alone, then MXNet's own behind ``mxnet-``."""
    gluoncv_names = sorted([*model_zoo._models, *BESIDE])
    return [*gluoncv_names, *(f"mxnet-{name}" for name in mxnet_names())]


def mxnet_names() -> list[str]:
    """The names that ``mxnet.gluon.model_zoo.vision.get_model`` knows; its error lists them."""
    try:
        vision.get_model("?")
    except ValueError as error:
        return sorted(line.strip() for line in str(error).splitlines()[1:] if line.strip())
    raise AssertionError("MXNet has a model called '?'")


class FirstMaps(mx.gluon.HybridBlock):  # type: ignore[misc]
    """The first two maps of a feature extractor: what its base gives, without the extras."""

    def __init__(self, extractor: Any) -> None:
        super().__init__(prefix="")
        self.extractor = extractor

    def _collect_params_with_prefix(self, prefix: str = "") -> Any:
        return self.extractor._collect_params_with_prefix(prefix)

    def forward(self, x: Any) -> Any:
        return self.extractor(x)[:2]


def vgg16_atrous() -> Any:
    """What ``vgg16_atrous_300`` loads from the store: its base alone."""
    return FirstMaps(gluoncv.model_zoo.vgg16_atrous_300(pretrained=False))


BESIDE = {"vgg16_atrous": vgg16_atrous}
"""Networks whose weights are in the store and whose name ``get_model`` does not know."""


def create(name: str, classes: int | None = None) -> Any:
    """The network without values, for another number of classes if one is given. GluonCV's
    constructors disagree about their arguments."""
    if name in BESIDE:
        return BESIDE[name]()
    if name.startswith("mxnet-"):
        counted = {} if classes is None else {"classes": classes}
        return vision.get_model(name.removeprefix("mxnet-"), **counted)
    off: dict[str, Any] = {"pretrained": False}
    failures = []
    if classes is not None:
        listed = [f"class {number}" for number in range(classes)]
        off_base = {**off, "pretrained_base": False}
        given: list[Any] = [classes, listed]
        for key, value in [(k, v) for v in given for k in ("nclass", "classes")] + [("", 0)]:
            extra = {key: value} if key else {}
            for arguments in ({**off_base, **extra}, {**off, **extra}):
                try:
                    with mx.name.NameManager(), counting(classes):
                        net = gluoncv.model_zoo.get_model(name, **arguments)
                        trace(net, list(INPUTS.get(name, ["data"])))
                        return net
                except Exception as error:
                    failures.append(error)
        raise failures[0]
    for arguments in (
        {**off, "pretrained_base": False},
        off,
        {**off, "pretrained_base": False, "classes": CLASSES},
        {**off, "pretrained_base": False, "nclass": len(CLASSES)},
    ):
        try:
            with mx.name.NameManager():  # counters start at 0, as in a new process
                return gluoncv.model_zoo.get_model(name, **arguments)
        except Exception as error:
            failures.append(error)
    raise failures[-1 if "classes" in str(failures[0]) else 0]


@contextmanager
def counting(classes: int) -> Iterator[None]:
    """The data sets of GluonCV have this number of classes meanwhile."""
    names = tuple(f"class {number}" for number in range(classes))
    kept = []
    for name in COUNTED:
        owner = getattr(gluoncv.data, name)
        for field, value in (("CLASSES", names), ("NUM_CLASS", classes)):
            if field in vars(owner):
                kept.append((owner, field, vars(owner)[field]))
                setattr(owner, field, value)
    try:
        yield
    finally:
        for owner, field, value in kept:
            setattr(owner, field, value)


def without_downloads() -> None:
    """Some constructors load weights that nobody asked for: they get none."""
    reset = mx.gluon.Parameter.reset_ctx

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("nothing is downloaded")

    def reset_ctx(self: Any, ctx: Any) -> None:
        if self._data is not None or self._deferred_init:
            reset(self, ctx)

    def load_parameters(self: Any, *_: Any, **__: Any) -> None:
        self.initialize(mx.init.Zero(), force_reinit=True)

    mx.gluon.Parameter.reset_ctx = reset_ctx
    mx.gluon.Block.load_parameters = load_parameters
    model_store.get_model_file = lambda *_, **__: "no file"
    model_store.download = refuse


def trace(net: Any, inputs: list[str]) -> Any:
    """The network's symbol, all of its outputs in one."""
    outputs = net(*(mx.sym.var(name) for name in inputs))
    if isinstance(outputs, list | tuple):
        return mx.sym.Group(mx.gluon.block._flatten(outputs, "output")[0])
    return outputs


def shapes_to_try() -> Iterator[Shape]:
    """Input shapes, small first: images, then pairs of images, then videos."""
    sizes = [(64, 96), (96, 128), (128, 160), (32, 32), (224, 224), (256, 192), (192, 640)]
    sizes += [(299, 299), (480, 480), (1024, 1024)]
    for channels in (3, 6):
        yield from ((1, channels, *size) for size in sizes)
    for frames in (4, 8, 16, 32, 36, 40, 64, 80):
        for size in [(64, 96), (112, 112), (224, 224), (299, 299)]:
            yield (1, 3, frames, *size)


def fits(symbol: Any, inputs: dict[str, Shape]) -> bool:
    """Whether MXNet infers every shape of the graph from these inputs, none of them empty."""
    try:
        with redirect_stdout(None), redirect_stderr(None):
            arguments, outputs, states = symbol.get_internals().infer_shape(**inputs)
    except (mx.MXNetError, ValueError):
        return False
    return all(0 not in shape for shape in (*arguments, *outputs, *states))


# -------------------------------------------------------------------------------------- weights


def roles(graph: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """What each variable is to the first operator that takes it, and that operator's attributes."""
    nodes = graph["nodes"]
    users: dict[int, list[tuple[int, int]]] = {}
    for index, node in enumerate(nodes):
        for place, entry in enumerate(node["inputs"]):
            users.setdefault(entry[0], []).append((index, place))

    def role(index: int, depth: int = 0) -> tuple[str, dict[str, str]]:
        for user, place in users.get(index, []):
            node = nodes[user]
            attributes = {
                **node.get("param", {}),
                **node.get("attr", {}),
                **node.get("attrs", {}),
            }
            inputs = LAYERS.get(node["op"], ())
            if place < len(inputs):
                found = inputs[place]
                takers = [nodes[taker]["op"] for taker, _ in users.get(user, [])]
                if found == "gamma" and takers and all(op in SUMS for op in takers):
                    found = "residual gamma"
                return found, {"op": node["op"], **attributes}
            if node["op"] in THROUGH and depth < 4:
                return role(user, depth + 1)
        return "other", {}

    return {node["name"]: role(index) for index, node in enumerate(nodes) if node["op"] == "null"}


def draw(network: str, name: str, shape: Shape, role: str, attributes: dict[str, str]) -> Array:
    """One parameter, float32, by the rule above."""
    seed = int.from_bytes(hashlib.sha256(f"{network}/{name}".encode()).digest()[:4], "little")
    u = np.random.RandomState(seed).random_sample(shape)
    if role == "weight":
        fan_in = math.prod(shape[1:])
        if attributes["op"] == "Deconvolution":
            strides = [int(s) for s in attributes.get("stride", "1").strip("()[]").split(",") if s]
            fan_in = shape[0] * math.prod(shape[2:]) / math.prod(strides)
            fan_in /= int(attributes.get("num_group", 1))
        values = (2.0 * u - 1.0) * math.sqrt(4.0 / max(fan_in, 1))
    elif role == "bias":
        values = 0.4 * u - 0.2
    elif role == "gamma":
        values = 0.5 + 0.5 * u
    elif role == "residual gamma":
        values = 0.2 + 0.2 * u
    elif role in ("beta", "mean"):
        b = 0.6 * (u - 0.5)
        values = b + np.copysign(0.05, b)
    elif role == "variance":
        values = 0.6 + 0.6 * u
    elif role == "slope":
        values = 0.1 + 0.3 * u
    elif role == "rnn":
        values = (2.0 * u - 1.0) / math.sqrt(int(attributes["state_size"]))
    else:
        values = 2.0 * u - 1.0
    return np.asarray(values, np.float32)


def parameters(
    network: str, symbol: Any, inputs: dict[str, Shape], constants: dict[str, Array]
) -> dict[str, Any]:
    """Every parameter of the graph under the name that ``export`` gives it."""
    arguments, _, states = symbol.infer_shape(**inputs)
    role = roles(json.loads(symbol.tojson()))
    drawn = {}
    for kind, listed, shapes in (
        ("arg", symbol.list_arguments(), arguments),
        ("aux", symbol.list_auxiliary_states(), states),
    ):
        for name, shape in zip(listed, shapes, strict=True):
            if name in inputs:
                continue
            value = (
                constants[name] if name in constants else draw(network, name, shape, *role[name])
            )
            drawn[f"{kind}:{name}"] = mx.nd.array(value, dtype=value.dtype)
    return drawn


# --------------------------------------------------------------------------------------- export


def summary(symbol: Any, inputs: dict[str, Shape]) -> dict[str, Any]:
    """What is known of a graph without running it."""
    arguments, outputs, states = symbol.infer_shape(**inputs)
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    shapes = zip(names, [*arguments, *states], strict=True)
    nodes = json.loads(symbol.tojson())["nodes"]
    return {
        "inputs": {name: list(shape) for name, shape in inputs.items()},
        "outputs": [list(shape) for shape in outputs],
        "output_names": symbol.list_outputs(),
        "parameters": {name: list(shape) for name, shape in shapes if name not in inputs},
        "nodes": len(nodes),
        "operators": dict(
            Counter(node["op"] for node in nodes if node["op"] != "null").most_common()
        ),
    }


def for_classes(
    name: str, folder: Path, classes: int, inputs: dict[str, Shape]
) -> dict[str, Any] | None:
    """Export a network of a zoo for another number of classes: the shapes of its parameters, and
    its structural names; None where GluonCV cannot make it so."""
    try:
        with mx.name.NameManager():
            net = create(name, classes)
        with mx.name.NameManager():
            symbol = trace(net, list(inputs))
    except Exception:
        return None
    symbol.save(str(folder / f"{name}@{classes}-symbol.json"))
    found = summary(symbol, inputs)
    structural = {key: p.name for key, p in net._collect_params_with_prefix().items()}
    return {"parameters": found["parameters"], "structural": structural}


def export(name: str, folder: Path, with_params: bool, classes: list[int]) -> None:
    """One network of a zoo. Raises what the framework raises if it can't be traced."""
    with mx.name.NameManager():
        net = create(name)
        listed = list(INPUTS.get(name, ["data"]))
        symbol = trace(net, listed)
    if name in INPUTS:
        inputs = INPUTS[name]
    else:
        tried = ({"data": shape} for shape in shapes_to_try())
        inputs = next((shapes for shapes in tried if fits(symbol, shapes)), {})
        if not inputs:
            raise ValueError("no input shape that was tried fits")
    constants = {
        p.name: np.asarray(p.value.asnumpy())
        for p in net.collect_params().values()
        if isinstance(p, mx.gluon.Constant)
    }
    module = type(net).__module__
    if name in model_zoo._models:
        module = model_zoo._models[name].__module__
    elif name in BESIDE:
        module = "gluoncv.model_zoo.ssd.vgg_atrous"
    task, preprocessing = next(FAMILIES[part] for part in FAMILIES if part in f"{module}.")
    if task == "classification" and len(symbol.infer_shape(**inputs)[1][0]) == 4:
        task = "segmentation"  # HRNet's module has both
    about = {
        "name": name,
        "module": module,
        "task": task,
        "preprocessing": preprocessing,
        **summary(symbol, inputs),
        "structural": {
            structural: p.name for structural, p in net._collect_params_with_prefix().items()
        },
        "constants": sorted(constants),
        "every_shape": {
            structural: list(p.shape or ())
            for structural, p in net._collect_params_with_prefix().items()
        },
        "classes": {
            str(count): for_classes(name, folder, count, inputs)
            for count in classes
            if not name.startswith("mxnet-")
        },
    }
    symbol.save(str(folder / f"{name}-symbol.json"))
    if with_params:
        drawn = parameters(name, symbol, inputs, constants)
        mx.nd.save(str(folder / f"{name}-0000.params"), drawn)
    (folder / f"{name}.json").write_text(json.dumps(about, indent=1))


def draw_for(file: Path, folder: Path, inputs: dict[str, Shape]) -> None:
    """Parameters for the graph of a file."""
    name = file.name.removesuffix(".json").removesuffix("-symbol")
    symbol = mx.sym.load(str(file))
    about = {"name": name, **summary(symbol, inputs)}
    mx.nd.save(str(folder / f"{name}-0000.params"), parameters(name, symbol, inputs, {}))
    (folder / f"{name}.json").write_text(json.dumps(about, indent=1))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--params", action="store_true", help="draw parameters too")
    parser.add_argument("--classes", default="", help="export for these numbers of classes too")
    parser.add_argument("--missing", action="store_true", help="only networks that are not there")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=1x3x64x64")
    parser.add_argument("--list", action="store_true", help="only print every name")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(names()))
        return 0
    arguments.folder.mkdir(parents=True, exist_ok=True)
    without_downloads()
    untraceable = {}
    counts = [int(text) for text in arguments.classes.split(",") if text]
    for name in arguments.names or names():
        if arguments.missing and (arguments.folder / f"{name}.json").exists():
            continue
        try:
            if name.endswith("_int8"):
                raise ValueError("int8 operators")
            if name.endswith(".json"):
                shapes = (text.split("=") for text in arguments.input)
                inputs = {key: tuple(map(int, value.split("x"))) for key, value in shapes}
                draw_for(Path(name), arguments.folder, inputs)
            else:
                export(name, arguments.folder, arguments.params, counts)
        except Exception as error:
            text = " ".join(str(error).split())
            untraceable[name] = f"{type(error).__name__}: {text[:200]}"
            print(f"{name}: {untraceable[name]}", file=sys.stderr)
        gc.collect()  # Gluon's blocks refer to each other in circles
    if not arguments.names:
        (arguments.folder / "untraceable.json").write_text(json.dumps(untraceable, indent=1))
    return 1 if untraceable and arguments.names else 0


if __name__ == "__main__":
    sys.exit(main())
