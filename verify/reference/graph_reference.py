# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""What MXNet computes for a symbol graph, node by node: the source framework's own answer.

    uv run --script verify/reference/graph_reference.py SYMBOL.json PARAMS INPUTS.npz OUT.npz
    uv run --script verify/reference/graph_reference.py --serve

This is the independent side of the proof: it imports nothing from gluonport and uses only files.

SYMBOL   a graph as MXNet saved it, of any version that MXNet 1.9.1 loads
PARAMS   a ``.params`` or ``.npz`` file with the graph's variables by name, ``arg:`` and ``aux:``
         before them or not; arrays that the graph doesn't have are left aside
INPUTS   an ``.npz`` with one array for each other variable, by name: (N, ...), N cases, each of
         which is a whole input of the graph, batch axis included
OUT      an ``.npz`` without pickles; the same arguments give the same bytes on the same machine

A variable that is in neither file takes its values from the ``__init__`` of the graph (a constant,
zero or one), or is a state of an RNN operator and is zero. Labels of training heads change no
answer: the graph is cut there, and MXNet is given zeros of the shape that it infers.

Files repeat names, so an operator is known by its place in the order in which MXNet lists them
(inputs before their users, depth first from the heads), labels' paths included. For M operators, E
outputs of operators that something takes, in execution order, N cases, H heads, K = 4, P in
float64, float32 (``--precision``):

    names, operators (M,)               each operator's node and operator name, as in the file
    head0_P ... head{H-1}_P  (N, ...)   the graph's outputs; with ``--sample S`` those that have
                                        more than S numbers a case are (N, <= S), and
    head0_places, head0_shape           where in a case these numbers stand, flat, in C order, and
                                        the shape of a whole case
    nodes, outputs   (E,)               which output of which of the M operators
    shapes           (E,)               ``1x64x56x56``; empty for a scalar
    dtypes           (E,)               the output's type in the run of the digests
    digests          (E, N, K)          fixed random projections of the output, below
    scales, peaks    (E, N)             its L2 norm and its largest magnitude
    nonfinite        (E, N, 3)          how many values are NaN, infinity and minus infinity
    digests_float32  (E, N, K)          the same projections of the float32 run
    value/PLACE/OUTPUT  (N, ...)        whole outputs of the operators at the places in
                                        ``--full-activations``
    about            ()                 JSON, below

Digests, scales and whole outputs are those of float64, or of float32 if there is no float64
(``digests_float32`` is then left out). ``about`` holds versions, sha256 sums, and

    precision        which run the digests are of
    float64          null, or why MXNet computes this graph in float32 only
    rewrites         what was changed of the graph, a sentence each
    zeros            the variables that are zero because nothing gives them values
    unused           how many arrays of PARAMS the graph doesn't have

Rewrites for float64: MXNet's constants, casts and indices carry ``dtype=float32``; they become
float64. Two operators exist in float32 alone: ``Crop`` becomes ``slice`` at the same place, and
``SoftmaxActivation`` becomes ``softmax`` over the same axis. In both precisions: where the image of
a region is negative, as it is where a pyramid has the region on another level, ``ROIAlign`` writes
zeros on a GPU; on the CPU it leaves the region's memory as it was, and writes one zero among the
numbers of another region (src/operator/contrib/roi_align.cc). It gives zeros here.

Digests
    r(k, axis, length), the coefficients along one axis:
        seed = first 4 bytes, little-endian, of sha256("gluonport/{k}/{axis}/{length}")
        v = numpy.random.RandomState(seed).random_sample((2, length))
        r = where(v[0] < 0.5, -1, 1) * (0.5 + v[1])
    An output x of shape (d0, d1, ...) has, for k = 0..3, the digest
        sum over i0, i1, ... of r(k, 0, d0)[i0] * r(k, 1, d1)[i1] * ... * x[i0, i1, ...]
    in float64, with 0 for values that are not finite. Scales and peaks leave these out too.

Samples
    The places of S of L numbers: v = numpy.random.RandomState(L mod 2**32).random_sample(S), and
    then the sorted, distinct floor(v * L).

MXNet neither fuses nor merges nodes here, so every node computes what it computes by itself.
Failures are one line, ``error: ...``, on stderr, with exit status 1. ``--serve`` reads the
arguments of one run after the other, each a JSON list on a line of stdin, and answers each by a
line on stdout: ``done`` or ``error: ...``. Loading MXNet takes longer than many a run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import sys
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

# A file beside this script must not be imported in place of a module that MXNet needs.
if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"
os.environ["MXNET_ELIMINATE_COMMON_EXPR"] = "0"
os.environ["MXNET_USE_FUSION"] = "0"

import mxnet as mx  # type: ignore[import-not-found]
import numpy as np

Array = np.ndarray[Any, Any]
PROJECTIONS = 4
LABELLED = (
    "SoftmaxOutput",
    "Softmax",
    "LinearRegressionOutput",
    "LogisticRegressionOutput",
    "MAERegressionOutput",
    "SVMOutput",
)
"""Training heads: their second input is a label, which inference doesn't use."""
SHAPE_ALONE = {
    "zeros_like": 0,
    "ones_like": 0,
    "_npi_full_like": 0,
    "_contrib_arange_like": 0,
    "_npx_arange_like": 0,
    "reshape_like": 1,
    "_npx_reshape_like": 1,
    "_identity_with_attr_like_rhs": 1,
}
"""The input whose shape is all that MXNet takes (FIgnoreInputs). The likes of it, ``slice_like``,
``broadcast_like`` and ``shape_array``, do not say so, and their inputs are computed."""
TYPED = (
    "_zeros",
    "_ones",
    "_full",
    "_arange",
    "_linspace",
    "_eye",
    "one_hot",
    "topk",
    "argsort",
    "Embedding",
    "_npi_zeros",
    "_npi_ones",
    "_npi_full",
    "_npi_arange",
    "_npi_linspace",
    "_npx_one_hot",
    "_npx_topk",
    "_npx_embedding",
)
"""Operators whose attribute ``dtype`` is float32 if the file is silent."""
NAME = re.compile(r"node(\d+)(?:_(.*))?")


class Refusal(Exception):
    """An error that the caller has to correct; its text is one line."""


# ---------------------------------------------------------------------------------------- graphs


class Symbol:
    """A graph in which every node is named ``node{index}`` after its place in the file.

    ``file``: the nodes as the file has them. ``listed``: its operators in MXNet's order.
    ``symbol``: the graph as MXNet loaded it, with labels cut off; ``labels`` are the variables that
    took their place.
    """

    def __init__(self, path: Path) -> None:
        try:
            document = json.loads(path.read_text("utf-8"))
            self.file: list[dict[str, Any]] = [dict(node) for node in document["nodes"]]
            for index, node in enumerate(document["nodes"]):
                node["name"] = f"node{index}"
            whole = json.dumps(document)
            self.labels = cut_labels(document)
        except OSError as error:
            raise Refusal(f"{path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise Refusal(f"{path}: this is not a symbol graph: {last_line(error)}") from None
        mx.util.set_np_shape(any(is_of_numpy(str(node["op"])) for node in self.file))
        self.listed = operators(load(whole, path))
        self.symbol = load(json.dumps(document), path)

    def variable(self, name: str) -> str:
        """What the file calls a variable. Files before 0.9 lack auxiliary states: MXNet adds
        these and names them after their node."""
        found = NAME.fullmatch(name)
        assert found
        own = str(self.file[int(found[1])]["name"])
        return own if found[2] is None else f"{own}_{found[2]}"

    def attributes(self, name: str) -> dict[str, str]:
        """A variable's attributes."""
        found = NAME.fullmatch(name)
        if not found or found[2]:
            return {}
        return attributes_of(self.file[int(found[1])])


def is_of_numpy(op: str) -> bool:
    """Whether a graph with this operator was made in numpy mode, where a size of 0 is none. The
    operator of ``mx.sym.cumsum`` has such a name in any graph."""
    return op.startswith("_np") and op != "_np_cumsum"


def attributes_of(node: dict[str, Any]) -> dict[str, str]:
    """A node's attributes; versions of MXNet wrote them under different keys."""
    return {**node.get("param", {}), **node.get("attr", {}), **node.get("attrs", {})}


def cut_labels(document: dict[str, Any]) -> list[str]:
    """Give every training head a label of its own, so that nothing on a label's path is needed."""
    labels = []
    for index, node in enumerate(list(document["nodes"])):
        if node["op"] in LABELLED and len(node["inputs"]) > 1:
            name = f"label{index}"
            labels.append(name)
            node["inputs"][1] = [len(document["nodes"]), 0, *node["inputs"][1][2:]]
            document["arg_nodes"].append(len(document["nodes"]))
            document["nodes"].append({"op": "null", "name": name, "inputs": []})
    document.pop("node_row_ptr", None)
    return labels


def load(document: str, path: Path) -> Any:
    try:
        return mx.sym.load_json(document)
    except mx.MXNetError as error:
        raise Refusal(f"{path}: MXNet does not load it: {reason(error)}") from None


def operators(symbol: Any) -> dict[int, int]:
    """How many outputs every operator shows, by node, in the order in which MXNet lists them."""
    variables = {*symbol.list_arguments(), *symbol.list_auxiliary_states()}
    shown: dict[int, int] = {}
    for name in symbol.get_internals().list_outputs():
        if name not in variables:
            node = node_of(name)
            shown[node] = shown.get(node, 0) + 1
    return shown


def taken(symbol: Any) -> set[tuple[int, int]]:
    """The outputs whose values a node or a head takes. MXNet does not compute the others."""
    document = json.loads(symbol.tojson())
    nodes = document["nodes"]
    entries = [
        entry
        for node in nodes
        for place, entry in enumerate(node["inputs"])
        if SHAPE_ALONE.get(node["op"]) != place
    ] + document["heads"]
    return {
        (node_of(nodes[at]["name"]), output)
        for at, output, *_ in entries
        if nodes[at]["op"] != "null" and NAME.match(nodes[at]["name"])
    }


def node_of(output: str) -> int:
    """The node that an output's name belongs to."""
    found = NAME.match(output)
    assert found
    return int(found[1])


def in_float64(symbol: Any, shapes: dict[str, tuple[int, ...]]) -> tuple[Any, list[str]]:
    """The same function with float64 constants, and what was rewritten."""
    document = json.loads(symbol.tojson())
    nodes = document["nodes"]
    typed = 0
    for node in nodes:
        attributes = node.setdefault("attrs", {})
        if node["op"] == "null":
            attributes.pop("__dtype__", None)
            continue
        before = dict(attributes)
        for key in ("dtype", "out_dtype"):
            if attributes.get(key) == "float32":
                attributes[key] = "float64"
        if node["op"] in TYPED:
            attributes.setdefault("dtype", "float64")
        typed += attributes != before
    rewrites = [f"dtype=float32 is float64 in {typed} constants, casts or indices"] if typed else []
    crops = [index for index, node in enumerate(nodes) if node["op"] == "Crop"]
    for index, (given, kept) in zip(crops, sizes_at(document, crops, shapes), strict=True):
        crop(nodes[index], given, kept)
    if crops:
        rewrites.append(f"Crop is slice in {len(crops)} nodes")
    found = [index for index, node in enumerate(nodes) if node["op"] == "SoftmaxActivation"]
    for index, (given, _) in zip(found, sizes_at(document, found, shapes), strict=True):
        node = nodes[index]
        if len(given) > 2 and node["attrs"].get("mode", "instance") != "channel":
            raise ValueError("SoftmaxActivation of whole instances exists in float32 alone")
        node["op"], node["attrs"] = "softmax", {"axis": "1"}
    if found:
        rewrites.append(f"SoftmaxActivation is softmax in {len(found)} nodes")
    return (mx.sym.load_json(json.dumps(document)) if rewrites else symbol), rewrites


def with_zeros_for_no_image(symbol: Any, shapes: dict[str, tuple[int, ...]]) -> tuple[Any, int]:
    """The graph in which every ROIAlign gives zeros for regions of no image, and how many it has.
    What is added stands behind the nodes of the file, which keep their places."""
    document = json.loads(symbol.tojson())
    nodes = document["nodes"]
    found = [index for index, node in enumerate(nodes) if node["op"] == "_contrib_ROIAlign"]
    if not found:
        return symbol, 0
    heads = [nodes[index]["inputs"][1] for index in found]
    inner = mx.sym.load_json(json.dumps({**document, "heads": heads}))
    known = {*inner.list_arguments(), *inner.list_auxiliary_states()}
    sizes = inner.infer_shape(**{name: shapes[name] for name in known})[1]
    changed = [index for index, size in zip(found, sizes, strict=True) if size[1] == 5]
    for index in changed:
        align, end = dict(nodes[index]), len(nodes)
        features, regions = align["inputs"]
        added: tuple[tuple[str, dict[str, str], list[Any]], ...] = (
            ("slice_axis", {"axis": "1", "begin": "0", "end": "1"}, [regions]),
            ("Reshape", {"shape": "(-1,)"}, [[end, 0, 0]]),
            ("_greater_equal_scalar", {"scalar": "0"}, [[end + 1, 0, 0]]),
            ("zeros_like", {}, [regions]),
            ("where", {}, [[end + 2, 0, 0], regions, [end + 3, 0, 0]]),
            (align["op"], align["attrs"], [features, [end + 4, 0, 0]]),
            ("zeros_like", {}, [[end + 5, 0, 0]]),
        )
        for place, (op, attributes, inputs) in enumerate(added):
            name = f"added{index}_{place}"
            nodes.append({"op": op, "name": name, "attrs": attributes, "inputs": inputs})
        where = {"op": "where", "name": align["name"], "attrs": {}}
        nodes[index] = where | {"inputs": [[end + place, 0, 0] for place in (2, 5, 6)]}
    document.pop("node_row_ptr", None)
    return mx.sym.load_json(json.dumps(document)), len(changed)


def sizes_at(
    document: dict[str, Any], indices: list[int], shapes: dict[str, tuple[int, ...]]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shapes of the first input and the first output of each of these nodes."""
    if not indices:
        return []
    heads = []
    for index in indices:
        heads += [document["nodes"][index]["inputs"][0], [index, 0, 0]]
    inner = mx.sym.load_json(json.dumps({**document, "heads": heads}))
    known = {*inner.list_arguments(), *inner.list_auxiliary_states()}
    sizes = inner.infer_shape(**{name: shapes[name] for name in known})[1]
    return list(zip(sizes[::2], sizes[1::2], strict=True))


def crop(node: dict[str, Any], given: tuple[int, ...], kept: tuple[int, ...]) -> None:
    """Write a Crop as a slice (MXNet src/operator/crop-inl.h)."""
    attributes = node["attrs"]
    if attributes.get("center_crop", "False") in ("True", "true", "1"):
        y, x = ((a - b) // 2 for a, b in zip(given[2:], kept[2:], strict=True))
    else:
        y, x = (int(n) for n in re.findall(r"\d+", attributes.get("offset", "(0, 0)")))
    node["op"], node["inputs"] = "slice", node["inputs"][:1]
    node["attrs"] = {
        "begin": f"(None, None, {y}, {x})",
        "end": f"(None, None, {y + kept[2]}, {x + kept[3]})",
    }


# ---------------------------------------------------------------------------------------- values


def read_params(path: Path) -> dict[str, Array]:
    """The named arrays of a ``.params`` or ``.npz`` file, without ``arg:`` and ``aux:``."""
    if not path.is_file():
        raise Refusal(f"{path}: no such file")
    if zipfile.is_zipfile(path):
        with np.load(path, allow_pickle=False) as archive:
            loaded = {name: archive[name] for name in archive}
    else:
        try:
            loaded = mx.nd.load(str(path))
        except mx.MXNetError as error:
            raise Refusal(f"{path}: MXNet cannot read it: {last_line(error)}") from None
        if not isinstance(loaded, dict):
            if loaded:
                raise Refusal(f"{path}: its arrays have no names")
            loaded = {}
        loaded = {name: array.asnumpy() for name, array in loaded.items()}
    found: dict[str, Array] = {}
    for name, array in loaded.items():
        plain = re.sub(r"^(arg|aux):", "", name)
        if plain in found and not np.array_equal(found[plain], array):
            raise Refusal(f"{path}: two arrays are {plain!r} and differ")
        found[plain] = array
    return found


def read_inputs(path: Path) -> dict[str, Array]:
    """The inputs by name: (N, ...), all with the same N."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            inputs = {name: np.ascontiguousarray(archive[name]) for name in archive}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise Refusal(f"{path}: this is not an .npz file of arrays: {last_line(error)}") from None
    if len({array.shape[:1] for array in inputs.values()}) != 1 or not all(
        array.shape and len(array) for array in inputs.values()
    ):
        raise Refusal(f"{path}: expected arrays (N, ...) with the same number of cases N > 0")
    for name, array in inputs.items():
        if array.dtype.kind not in "fiu":
            raise Refusal(f"{path}: {name!r} is {array.dtype}, expected numbers")
        if not np.isfinite(array).all():
            raise Refusal(f"{path}: {name!r} holds values that are not finite")
    return inputs


def constant(attributes: dict[str, str], shape: tuple[int, ...] | None) -> Array | None:
    """The values that a variable's ``__init__`` gives it, None if it gives none."""
    try:
        kind, settings = json.loads(attributes.get("__init__", "[]"))
        values = {"zero": 0, "zeros": 0, "one": 1, "ones": 1}.get(kind.lower())
        values = settings["value"] if kind.lower() == "constant" else values
        array = None if values is None else np.asarray(values, np.float64)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if array is None or array.ndim or shape is None:
        return array if array is not None and array.ndim else None
    return np.broadcast_to(array, shape)


def states(file: list[dict[str, Any]]) -> set[str]:
    """The variables that are states of RNN operators."""
    return {
        f"node{entry[0]}"
        for node in file
        if node["op"] in ("RNN", "_npx_rnn")
        for entry in node["inputs"][2:4]
        if file[entry[0]]["op"] == "null"
    }


class Values:
    """What every variable is given. ``fixed`` are the same in every case, ``cases`` differ."""

    def __init__(
        self, graph: Symbol, params: dict[str, Array], inputs: dict[str, Array], path: Path
    ) -> None:
        symbol = graph.symbol
        self.fixed: dict[str, Array] = {}
        self.cases: dict[str, Array] = {}
        self.zeros: list[str] = []
        names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
        own = {name: graph.variable(name) for name in names if name not in graph.labels}
        for name in own.keys():
            if own[name] in inputs:
                self.cases[name] = inputs[own[name]]
            elif own[name] in params:
                self.fixed[name] = params[own[name]]
            elif (array := constant(graph.attributes(name), None)) is not None:
                self.fixed[name] = array
        if unknown := inputs.keys() - own.values():
            raise Refusal(f"INPUTS: the graph has no variable {min(unknown)!r}")
        self.inferred = self.infer(symbol)
        absent = [name for name in names if name not in self.fixed and name not in self.cases]
        missing = []
        for name in absent:
            shape = self.inferred.get(name)
            known = shape is not None and all(shape)
            array = constant(graph.attributes(name), shape if known else None)
            if array is not None:
                self.fixed[name] = array
            elif known and (name in graph.labels or name in states(graph.file)):
                assert shape is not None
                self.fixed[name] = np.zeros(shape)
                label = NAME.fullmatch(name) is None
                node = int(name.removeprefix("label")) if label else 0
                self.zeros.append(
                    f"the label of {graph.file[node]['name']}" if label else own[name]
                )
            else:
                missing.append((own.get(name, name), shape))
        if missing:
            name, shape = missing[0]
            size = f" of shape {shape}" if shape else ""
            raise Refusal(
                f"{path}: without {name!r}{size}, the first of {len(missing)} that are missing: "
                f"give it in PARAMS or INPUTS"
            )
        self.unused = len(params.keys() - set(own.values()))
        self.count = len(next(iter(self.cases.values()))) if self.cases else 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every variable that has values, for one case."""
        fixed = {name: array.shape for name, array in self.fixed.items()}
        return fixed | {name: array.shape[1:] for name, array in self.cases.items()}

    def infer(self, symbol: Any) -> dict[str, tuple[int, ...]]:
        """The shapes that MXNet infers for all variables; 0 is unknown."""
        try:
            arguments, _, auxiliary = symbol.infer_shape_partial(**self.shapes)
        except (mx.MXNetError, ValueError) as error:
            raise Refusal(f"MXNet finds no shapes for these inputs: {reason(error)}") from None
        names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
        return dict(zip(names, [*(arguments or ()), *(auxiliary or ())], strict=False))

    def sha256(self, graph: Symbol) -> str:
        """One hash of all fixed values, by the file's names."""
        digest = hashlib.sha256()
        for name, array in sorted(
            (graph.variable(name), array)
            for name, array in self.fixed.items()
            if name not in graph.labels
        ):
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
        return digest.hexdigest()


def inputs_sha256(inputs: dict[str, Array]) -> str:
    """One hash of all inputs."""
    digest = hashlib.sha256()
    for name, array in sorted(inputs.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()


# ------------------------------------------------------------------------------------- measuring


@cache
def coefficients(axis: int, length: int) -> Array:
    """All projections' coefficients along one axis, (length, K), magnitudes in [0.5, 1.5)."""
    columns = []
    for k in range(PROJECTIONS):
        key = hashlib.sha256(f"gluonport/{k}/{axis}/{length}".encode()).digest()
        stream = np.random.RandomState(int.from_bytes(key[:4], "little"))
        sign, size = stream.random_sample((2, length))
        columns.append(np.where(sign < 0.5, -1.0, 1.0) * (0.5 + size))
    return np.stack(columns, axis=1)


def digest(x: Array) -> Array:
    """The K projections of a float64 array of any rank."""
    if not x.ndim:
        return np.repeat(x, PROJECTIONS)
    rest: Array = x @ coefficients(x.ndim - 1, x.shape[-1])  # (d0, ..., K)
    for axis in reversed(range(x.ndim - 1)):
        rest = np.einsum("...ak,ak->...k", rest, coefficients(axis, x.shape[axis]))
    return rest


class Watch:
    """What one run records of every output that is taken, case by case."""

    def __init__(self, symbol: Any, full: set[int]) -> None:
        self.taken = taken(symbol)
        self.full = full
        self.rows: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
        self.kept: dict[tuple[int, int], list[Array]] = {}
        self.failure: Exception | None = None
        self.counts: dict[int, int] = {}
        self.heads: list[tuple[int, ...]] = []

    def __call__(self, name: bytes, handle: int) -> None:
        """MXNet calls this after each output; ctypes would lose an exception."""
        if not NAME.match(name.decode()):
            return  # it was added to the graph
        try:
            held = mx.nd.NDArray(mx.base.NDArrayHandle(handle), writable=False)
            node = node_of(name.decode())
            output = self.counts.get(node, 0)
            self.counts[node] = output + 1
            if self.failure is None and (node, output) in self.taken:
                self.record((node, output), held.asnumpy())
        except Exception as error:
            self.failure = self.failure or error

    def record(self, entry: tuple[int, int], value: Array) -> None:
        """Keep an output's figures, and its values if they are asked for."""
        x = value.astype(np.float64)
        norm, odd = float(np.linalg.norm(x)), [0, 0, 0]
        if not np.isfinite(norm):
            odd = [int(np.isnan(x).sum()), int((x == np.inf).sum()), int((x == -np.inf).sum())]
            x = np.where(np.isfinite(x), x, 0.0)
            norm = float(np.linalg.norm(x))
        peak = float(np.abs(x).max(initial=0.0))
        row = value.shape, value.dtype.name, digest(x), norm, peak, odd
        self.rows.setdefault(entry, []).append(row)
        if entry[0] in self.full:
            self.kept.setdefault(entry, []).append(np.array(value))


def places_in(length: int, sample: int) -> Array:
    """Where the numbers of a sample stand; the specification is above."""
    spread = np.random.RandomState(length % 2**32).random_sample(sample)
    places: Array = np.unique((spread * length).astype(np.int64))
    return places


def sampled(output: Array, sample: int | None) -> Array:
    """An output, or the numbers of its sample if it has more than these."""
    if sample is None or output.size <= sample:
        return output
    numbers: Array = output.reshape(-1)[places_in(output.size, sample)]
    return numbers


def run(
    symbol: Any, values: Values, precision: str, watch: Watch, sample: int | None
) -> list[Array]:
    """The graph's outputs in one precision, each (N, ...); ``watch`` records the rest."""

    def given(array: Array) -> Any:
        kept = array.dtype.kind in "iu"
        return mx.nd.array(array, dtype=array.dtype.name if kept else precision)

    bound = {name: given(array) for name, array in values.fixed.items()}
    bound |= {name: given(array[0]) for name, array in values.cases.items()}
    executor = symbol.bind(
        mx.cpu(),
        {name: bound[name] for name in symbol.list_arguments()},
        grad_req="null",
        aux_states={name: bound[name] for name in symbol.list_auxiliary_states()},
    )
    executor.set_monitor_callback(watch, False)
    heads: list[list[Array]] = []
    for case in range(values.count):
        for name, array in values.cases.items():
            bound[name][:] = given(array[case])
        watch.counts.clear()
        outputs = executor.forward(is_train=False)
        if watch.failure:
            raise watch.failure
        watch.heads = [output.shape for output in outputs]
        heads.append([sampled(output.asnumpy(), sample) for output in outputs])
    return [np.stack(cases) for cases in zip(*heads, strict=True)]


def forget_failure() -> None:
    """Wait until MXNet has done all; then it forgets failures. It keeps them with the memory that
    operators share, where the next run finds them (src/engine/threaded_engine.cc, WaitForAll)."""
    try:
        mx.nd.waitall()
    except mx.MXNetError:
        pass


def measure(
    graph: Symbol, values: Values, precisions: list[str], full: set[int], sample: int | None
) -> dict[str, Any]:
    """All arrays of OUT except ``about``, and what ``about`` says of the runs."""
    out: dict[str, Any] = {}
    watches: dict[str, Watch] = {}
    refused: str | None = None
    rewrites: list[str] = []
    regions = 0
    for precision in precisions:
        try:
            symbol, regions = with_zeros_for_no_image(graph.symbol, values.shapes)
            if precision == "float64":
                symbol, rewrites = in_float64(symbol, values.shapes)
            watch = Watch(symbol, full)
            heads = run(symbol, values, precision, watch, sample)
        except (mx.MXNetError, TypeError, ValueError) as error:
            if precision == "float32" or len(precisions) == 1:
                raise Refusal(f"MXNet does not compute this graph: {reason(error)}") from None
            refused, rewrites = reason(error), []
            forget_failure()
            continue
        watches[precision] = watch
        out |= {f"head{index}_{precision}": array for index, array in enumerate(heads)}
    best = next(iter(watches))
    watch, entries = watches[best], list(watches[best].rows)
    shapes, types, digests, scales, peaks, odd = zip(
        *(zip(*watch.rows[entry], strict=True) for entry in entries), strict=True
    )
    for index, shape in enumerate(watch.heads):
        if sample is not None and (length := int(np.prod(shape))) > sample:
            out[f"head{index}_places"] = places_in(length, sample)
            out[f"head{index}_shape"] = np.array(shape)
    listed = list(graph.listed)
    out["names"] = np.array([str(graph.file[node]["name"]) for node in listed])
    out["operators"] = np.array([str(graph.file[node]["op"]) for node in listed])
    place = {node: index for index, node in enumerate(listed)}
    out["nodes"] = np.array([place[node] for node, _ in entries])
    out["outputs"] = np.array([output for _, output in entries])
    out["shapes"] = np.array(["x".join(map(str, shape[0])) for shape in shapes])
    out["dtypes"] = np.array([kind[0] for kind in types])
    out["digests"], out["scales"] = np.array(digests), np.array(scales)
    out["peaks"], out["nonfinite"] = np.array(peaks), np.array(odd)
    if len(watches) == 2:
        out["digests_float32"] = np.array(
            [[row[2] for row in watches["float32"].rows[entry]] for entry in entries]
        )
    for (node, output), cases in watch.kept.items():
        out[f"value/{place[node]}/{output}"] = np.stack(cases)
    if regions:
        rewrites.append(f"ROIAlign gives zeros for regions of no image in {regions} nodes")
    out["about"] = {"precision": best, "float64": refused, "rewrites": rewrites}
    return out


# ----------------------------------------------------------------------------------------- edges


def last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()


def reason(error: Exception) -> str:
    """The line of MXNet's message that says what is wrong; most of it is a stack trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for word in ("Error in operator", "Check failed", "Error"):
        for line in lines:
            if word in line:
                return NAME.sub(r"node \1", line)[:400]
    return last_line(error)[:400]


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
    precisions = sorted(set(arguments.precision or ["float64", "float32"]), reverse=True)
    graph = Symbol(arguments.symbol)
    inputs = read_inputs(arguments.inputs)
    values = Values(graph, read_params(arguments.params), inputs, arguments.params)
    listed = dict(enumerate(graph.listed))
    if wrong := [place for place in arguments.full_activations if place not in listed]:
        raise Refusal(f"--full-activations: the graph has no operator {wrong[0]}")
    full = {listed[place] for place in arguments.full_activations}
    out = measure(graph, values, precisions, full, arguments.sample)
    about = {
        **out["about"],
        "zeros": values.zeros,
        "unused": values.unused,
        "symbol_sha256": hashlib.sha256(arguments.symbol.read_bytes()).hexdigest(),
        "weights_sha256": values.sha256(graph),
        "inputs_sha256": inputs_sha256(inputs),
        "python": platform.python_version(),
        **{package: version(package) for package in ("numpy", "mxnet")},
    }
    write(arguments.out, out | {"about": np.array(json.dumps(about))})


def main(argv: list[str] | None = None) -> int:
    if argv is None and sys.argv[1:] == ["--serve"]:
        for line in sys.stdin:
            failure = attempt(json.loads(line))
            print(f"error: {failure}" if failure else "done", flush=True)
        return 0
    failure = attempt(argv)
    if failure:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failure else 0


def attempt(argv: list[str] | None) -> str | None:
    """One run; what went wrong, in a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("symbol", type=Path)
    parser.add_argument("params", type=Path)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--precision", action="append", choices=["float64", "float32"])
    parser.add_argument("--full-activations", nargs="+", type=int, metavar="PLACE", default=[])
    parser.add_argument("--sample", type=int, metavar="S")
    try:
        reference(parser.parse_args(argv))
    except Refusal as refusal:
        return str(refusal)
    except mx.MXNetError as error:
        return f"MXNet: {reason(error)}"
    return None


if __name__ == "__main__":
    sys.exit(main())
