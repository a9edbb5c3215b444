"""Right graphs to put faults into: each has operators that are often ported wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from architectures.graph.graph import Graph, Node, NodeEntry
from convert.formats import Array


@dataclass(frozen=True)
class RightGraph:
    """A graph, its parameters and its inputs, (N, ...), by name. ``labels`` stay unbound."""

    name: str
    graph: Graph
    tensors: Mapping[str, Array]
    inputs: Mapping[str, Array]

    def node(self, name: str) -> int:
        """The index of the node of that name."""
        return next(i for i, node in enumerate(self.graph.nodes) if node.name == name)


@dataclass
class _Drawing:
    """Collects nodes; variables that do not exist yet are added, with drawn values."""

    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Array] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    def variable(self, name: str, shape: tuple[int, ...] | None = None) -> str:
        self.places[name] = len(self.nodes)
        self.nodes.append(Node(None, name))
        if shape is not None:
            self.tensors[name] = drawn(name, shape)
        return name

    def add(self, op: str, name: str, *inputs: str, **attributes: object) -> str:
        """``inputs`` are names, with ``:1`` behind those of further outputs."""
        entries = []
        for text in inputs:
            source, _, output = text.partition(":")
            entries.append(NodeEntry(self.places[source], int(output or 0)))
        self.places[name] = len(self.nodes)
        texts = {key: str(value) for key, value in attributes.items()}
        self.nodes.append(Node(op, name, tuple(entries), texts))
        return name

    def graph(self, *heads: str) -> Graph:
        return Graph(tuple(self.nodes), tuple(NodeEntry(self.places[h]) for h in heads), 10901)


def drawn(name: str, shape: tuple[int, ...]) -> Array:
    """Uniform numbers by the tensor's name: scaled by fan-in, or as BatchNorm's are."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    u = np.random.RandomState(seed).random_sample(shape)
    if name.endswith(("gamma", "var")):
        return (0.5 + 0.5 * u).astype(np.float32)
    scale = np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 2.0
    return ((4 * u - 2) / scale).astype(np.float32)


def convolutional() -> RightGraph:
    """Convolutions, BatchNorm, pooling of both conventions, a subtraction, a training head."""
    d = _Drawing()
    d.variable("data")
    d.variable("conv0_weight", (8, 3, 3, 3))
    d.add(
        "Convolution", "conv0", "data", "conv0_weight",
        kernel=(3, 3), num_filter=8, pad=(2, 0), no_bias=True,
    )  # fmt: skip
    for part in ("gamma", "beta", "moving_mean", "moving_var"):
        d.variable(f"bn_{part}", (8,))
    d.add("BatchNorm", "bn", "conv0", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var")
    d.add("LeakyReLU", "leaky", "bn", act_type="leaky")
    d.add(
        "Pooling", "full", "leaky",
        kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full",
    )  # fmt: skip
    d.add("Pooling", "mean", "full", kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg")
    d.variable("left_weight", (8, 8, 3, 3))
    d.variable("left_bias", (8,))
    d.add(
        "Convolution", "left", "mean", "left_weight", "left_bias",
        kernel=(3, 3), num_filter=8, pad=(1, 1),
    )  # fmt: skip
    d.add("softmax", "attention", "left", axis=1)
    d.add("elemwise_sub", "difference", "mean", "attention")
    d.add("Pooling", "pool", "difference", kernel=(1, 1), global_pool=True, pool_type="avg")
    d.add("Flatten", "flat", "pool")
    d.variable("fc1_weight", (8, 8))
    d.variable("fc1_bias", (8,))
    d.add("FullyConnected", "fc1", "flat", "fc1_weight", "fc1_bias", num_hidden=8)
    d.add("tanh", "squashed", "fc1")
    d.variable("fc2_weight", (5, 8))
    d.add("FullyConnected", "fc2", "squashed", "fc2_weight", num_hidden=5, no_bias=True)
    d.variable("softmax_label")
    d.add("SoftmaxOutput", "softmax", "fc2", "softmax_label")
    random = np.random.RandomState(1)
    inputs = {"data": random.standard_normal((8, 1, 3, 15, 15)).astype(np.float32)}
    return RightGraph("convolutional", d.graph("softmax"), d.tensors, inputs)


def recurrent() -> RightGraph:
    """An embedding, an LSTM with its states given, the last step of each sequence."""
    length, batch, width, hidden = 6, 2, 4, 3
    d = _Drawing()
    d.variable("tokens")
    d.variable("embed_weight", (11, width))
    d.add("Embedding", "embed", "tokens", "embed_weight", input_dim=11, output_dim=width)
    d.variable("rnn_parameters", (4 * hidden * (width + hidden + 2),))
    d.variable("h")
    d.variable("c")
    d.add(
        "RNN", "rnn", "embed", "rnn_parameters", "h", "c",
        state_size=hidden, num_layers=1, mode="lstm",
    )  # fmt: skip
    d.variable("lengths")
    d.add("SequenceLast", "last", "rnn", "lengths", use_sequence_length=True)
    d.variable("fc_weight", (5, hidden))
    d.variable("fc_bias", (5,))
    d.add("FullyConnected", "fc", "last", "fc_weight", "fc_bias", num_hidden=5)
    random = np.random.RandomState(2)
    cases = 8
    inputs = {
        "tokens": random.randint(0, 11, (cases, length, batch)),
        "h": random.standard_normal((cases, 1, batch, hidden)) / 2,
        "c": random.standard_normal((cases, 1, batch, hidden)) / 2,
        "lengths": random.randint(1, length, (cases, batch)),
    }
    floats = {name: values.astype(np.float32) for name, values in inputs.items()}
    return RightGraph("recurrent", d.graph("fc"), d.tensors, floats)


def detecting() -> RightGraph:
    """A map that is resized, regions of it, and ranks among scores with ties."""
    d = _Drawing()
    d.variable("data")
    d.variable("conv_weight", (4, 3, 3, 3))
    d.variable("conv_bias", (4,))
    d.add("Convolution", "conv", "data", "conv_weight", "conv_bias", kernel=(3, 3), num_filter=4)
    d.add("_contrib_BilinearResize2D", "resized", "conv", height=13, width=9)
    d.variable("rois")
    d.add(
        "_contrib_ROIAlign", "aligned", "resized", "rois",
        pooled_size=(2, 2), spatial_scale=0.5, sample_ratio=2,
    )  # fmt: skip
    d.variable("scores_weight", (12, 16))
    d.add("FullyConnected", "scores", "aligned", "scores_weight", num_hidden=12, no_bias=True)
    d.add("round", "levels", "scores")
    d.add("topk", "ranks", "levels", k=5, ret_typ="indices")
    random = np.random.RandomState(3)
    corners = np.sort(random.uniform(0, 18, (4, 2, 2, 2)), axis=2).reshape(4, 2, 4)
    corners = corners[..., [0, 1, 2, 3]]
    rois = np.concatenate([np.zeros((4, 2, 1)), corners], axis=-1)
    inputs = {
        "data": random.standard_normal((4, 1, 3, 9, 9)).astype(np.float32) * 3,
        "rois": rois.astype(np.float32),
    }
    return RightGraph("detecting", d.graph("scores", "ranks"), d.tensors, inputs)


GRAPHS = {"convolutional": convolutional, "recurrent": recurrent, "detecting": detecting}
