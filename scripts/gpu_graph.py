"""A graph as MXNet saves one, made without MXNet: a small residual network of many operators."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from architectures.graph.graph import Graph, Node, NodeEntry
from convert.formats import Array
from convert.formats.symbol import symbol_json
from convert.formats.write_params import write_params

SIDE, WIDTH, CLASSES = 64, 32, 1000


class Draft:
    """Nodes and parameters as they are added; each parameter is drawn from its name's turn."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.arrays: dict[str, Array] = {}
        self.random = np.random.RandomState(0)

    def data(self, name: str, **annotations: str) -> NodeEntry:
        self.nodes.append(Node(None, name, attributes=annotations))
        return NodeEntry(len(self.nodes) - 1)

    def parameter(self, kind: str, name: str, low: float, high: float, *shape: int) -> NodeEntry:
        values = self.random.uniform(low, high, shape).astype(np.float32)
        self.arrays[f"{kind}:{name}"] = values
        return self.data(name)

    def add(self, op: str, name: str, *inputs: NodeEntry, **attributes: object) -> NodeEntry:
        texts = {key: str(value) for key, value in attributes.items()}
        self.nodes.append(Node(op, name, inputs, texts))
        return NodeEntry(len(self.nodes) - 1)

    def conv(self, name: str, x: NodeEntry, taken: int, side: int, groups: int = 1) -> NodeEntry:
        bound = (6 / (taken // groups * side * side)) ** 0.5
        shape = (WIDTH, taken // groups, side, side)
        weight = self.parameter("arg", f"{name}_weight", -bound, bound, *shape)
        rule = {"kernel": (side, side), "pad": (side // 2, side // 2), "num_filter": WIDTH}
        return self.add("Convolution", name, x, weight, no_bias=True, num_group=groups, **rule)

    def norm(self, name: str, x: NodeEntry) -> NodeEntry:
        bounds = {"gamma": (0.5, 1.0), "beta": (-0.3, 0.3)}
        moving = {"moving_mean": (-0.3, 0.3), "moving_var": (0.6, 1.2)}
        own = [self.parameter("arg", f"{name}_{k}", *v, WIDTH) for k, v in bounds.items()]
        own += [self.parameter("aux", f"{name}_{k}", *v, WIDTH) for k, v in moving.items()]
        return self.add("BatchNorm", name, x, *own, fix_gamma=False, eps=2e-5)

    def dense(self, name: str, x: NodeEntry, taken: int, given: int) -> NodeEntry:
        bound = (6 / taken) ** 0.5
        weight = self.parameter("arg", f"{name}_weight", -bound, bound, given, taken)
        bias = self.parameter("arg", f"{name}_bias", -0.2, 0.2, given)
        return self.add("FullyConnected", name, x, weight, bias, num_hidden=given)

    def block(self, name: str, x: NodeEntry) -> NodeEntry:
        """A grouped convolution, squeeze and excitation, and the sum with x."""
        y = self.norm(f"{name}_norm1", self.conv(f"{name}_conv1", x, WIDTH, 1))
        y = self.add("Activation", f"{name}_relu1", y, act_type="relu")
        y = self.norm(f"{name}_norm2", self.conv(f"{name}_conv2", y, WIDTH, 3, groups=8))
        pool = {"kernel": (1, 1), "pool_type": "avg", "global_pool": True}
        z = self.add("Flatten", f"{name}_flat", self.add("Pooling", f"{name}_pool", y, **pool))
        z = self.add("sigmoid", f"{name}_gate", self.dense(f"{name}_squeeze", z, WIDTH, WIDTH))
        z = self.add("Reshape", f"{name}_shape", z, shape=(0, 0, 1, 1))
        y = self.add("broadcast_mul", f"{name}_scaled", y, z)
        return self.add("elemwise_add", f"{name}_sum", x, y)


def graph_files(folder: Path) -> tuple[Path, int]:
    """Write the graph and its parameters to ``folder``; their prefix, and the side of an image."""
    draft = Draft()
    x = draft.data("data", __shape__=str((0, 3, SIDE, SIDE)))
    x = draft.norm("stem_norm", draft.conv("stem", x, 3, 7))
    x = draft.add("LeakyReLU", "stem_leaky", x, act_type="leaky", slope=0.1)
    pool = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1), "pool_type": "max"}
    x = draft.add("Pooling", "stem_pool", x, pooling_convention="full", **pool)
    for stage in range(4):
        x = draft.block(f"block{stage}", x)
    positions = draft.add("_arange", "positions", start=0, stop=WIDTH, dtype="float32")
    positions = draft.add("Reshape", "positions_shape", positions, shape=(1, WIDTH, 1, 1))
    x = draft.add("broadcast_add", "placed", x, positions)
    x = draft.add("Pooling", "pool", x, kernel=(1, 1), pool_type="avg", global_pool=True)
    x = draft.dense("classes", draft.add("Flatten", "flat", x), WIDTH, CLASSES)
    x = draft.add("SoftmaxOutput", "softmax", x, draft.data("softmax_label"))
    folder.mkdir(parents=True, exist_ok=True)
    graph = Graph(tuple(draft.nodes), (x,), 10901)
    (folder / "residual-symbol.json").write_text(json.dumps(symbol_json(graph)))
    write_params(folder / "residual-0000.params", draft.arrays)
    return folder / "residual", SIDE
