"""What MXNet computes for a graph, node by node: the answers of ``graph_reference.py``."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from architectures.graph.graph import Graph, NodeEntry
from convert.formats import Array
from convert.formats.model_archive import open_file
from convert.formats.symbol import read_symbol
from mappings.errors import NoReferenceError
from verify.reference.answers import FRAMEWORKS, run_script

MXNET = replace(FRAMEWORKS["gluoncv"], title="MXNet 1.9.1", script="graph_reference.py", model="")


@dataclass(frozen=True)
class NodeAnswer:
    """One output of one node, for N cases.

    ``digests``: (N, K) projections, the first K of all; ``scales``: (N,) its norm; ``nonfinite``:
    (N, 3) how many values are NaN, infinity, minus infinity. ``digests32``: the projections in
    float32, None if the digests themselves are of float32.
    """

    shape: tuple[int, ...]
    digests: Array
    digests32: Array | None
    scales: Array
    nonfinite: Array

    def comparable(self, digests: Array) -> Array:
        """The projections of the port, (M, PROJECTIONS), that this answer has too: (M, K)."""
        return digests[:, : self.digests.shape[1]]


@dataclass(frozen=True)
class Sample:
    """Which numbers of an output are known: those at ``places``, flat, of a case of ``shape``."""

    shape: tuple[int, ...]
    places: Array


@dataclass(frozen=True)
class GraphReference:
    """MXNet's answers for N cases.

    ``heads64``, ``heads32``: the graph's outputs, each (N, ...), or (N, S) where ``samples`` names
    S of its numbers; ``heads64`` is empty if MXNet computes the graph in float32 only, and
    ``refused`` says why; all else is then of float32. ``nodes``: every output of an operator that
    something takes, in execution order. ``values``: whole outputs of the nodes that were asked for,
    (N, ...).
    """

    kind: Literal["golden", "live"]
    heads64: tuple[Array, ...]
    heads32: tuple[Array, ...]
    nodes: Mapping[NodeEntry, NodeAnswer]
    values: Mapping[NodeEntry, Array]
    about: dict[str, Any]
    samples: Mapping[int, Sample] = field(default_factory=dict)

    def seen(self, heads: Sequence[Array]) -> tuple[Array, ...]:
        """The port's outputs, (N, ...), or of each the numbers that are known of the source's. An
        output of another shape than the source's stays whole, so that it is noticed."""
        found = []
        for at, head in enumerate(heads):
            sample = self.samples.get(at)
            if sample is not None and head.shape[1:] == sample.shape:
                head = head.reshape(len(head), -1)[:, sample.places]
            found.append(head)
        return tuple(found)

    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of a case of each output."""
        heads = self.heads64 or self.heads32
        samples = self.samples
        return [samples[i].shape if i in samples else h.shape[1:] for i, h in enumerate(heads)]

    @property
    def refused(self) -> str | None:
        """Why MXNet does not compute this graph in float64; None if it does."""
        reason: str | None = self.about["float64"]
        return reason


def live_graph(
    graph: Graph,
    symbol: str | os.PathLike[str],
    params: str | os.PathLike[str],
    inputs: Mapping[str, Array],
    whole: Collection[int] = (),
) -> GraphReference:
    """MXNet's answers for the graph in the file ``symbol`` (or ``ARCHIVE/NAME``), which ``graph``
    was read from.

    ``params``: a ``.params`` or ``.npz`` file. ``inputs``: by the graph's names, (N, ...).
    ``whole``: the nodes whose whole outputs are returned too.

    Raises NoReferenceError with MXNet's own message, or with what to install.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer, given = Path(folder, "answer.npz"), Path(folder, "inputs.npz")
        named: dict[str, Any] = dict(inputs)
        np.savez(given, **named)
        if not Path(symbol).is_file():  # it lies in an archive
            data = read_symbol(open_file(symbol))
            symbol = Path(folder, "symbol.json")
            symbol.write_bytes(data)
        files = [os.fspath(symbol), os.fspath(params), str(given), str(answer)]
        if whole:
            wanted = [str(place) for place, node in enumerate(operators(graph)) if node in whole]
            files += ["--full-activations", *wanted]
        run_script(MXNET, files)
        return read_graph_answer(answer, graph, "live")


def read_graph_answer(path: Path, graph: Graph, kind: Literal["golden", "live"]) -> GraphReference:
    """The answers in a file of the reference script. Raises NoReferenceError for another file, and
    for the answers to another graph."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays}
        about = json.loads(str(held["about"]))
        listed = zip(held["names"], held["operators"], strict=True)
        own = operators(graph)
        if [(graph.nodes[i].name, graph.nodes[i].op) for i in own] != [
            (str(name), str(op)) for name, op in listed
        ]:
            raise NoReferenceError(f"{path}: MXNet lists other operators than the graph has")
        single = held.get("digests_float32")
        used = {*graph.heads, *(entry for node in graph.nodes for entry in node.inputs)}
        nodes = {}
        for row, (at, output) in enumerate(zip(held["nodes"], held["outputs"], strict=True)):
            if NodeEntry(own[int(at)], int(output)) not in used:
                continue
            sizes = str(held["shapes"][row])
            nodes[NodeEntry(own[int(at)], int(output))] = NodeAnswer(
                tuple(int(size) for size in sizes.split("x")) if sizes else (),
                held["digests"][row],
                None if single is None else single[row],
                held["scales"][row],
                held["nonfinite"][row],
            )
        values = {}
        for name in held:
            if name.startswith("value/"):
                _, at, output = name.split("/")
                values[NodeEntry(own[int(at)], int(output))] = held[name]
        heads = {
            precision: tuple(
                held[f"head{index}_{precision}"]
                for index in range(len(graph.heads))
                if f"head{index}_{precision}" in held
            )
            for precision in ("float64", "float32")
        }
        samples = {
            at: Sample(tuple(map(int, held[f"head{at}_shape"])), held[f"head{at}_places"])
            for at in range(len(graph.heads))
            if f"head{at}_places" in held
        }
        return GraphReference(
            kind, heads["float64"], heads["float32"], nodes, values, about, samples
        )
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise NoReferenceError(
            f"{path}: this is not an answer of the reference script ({error})"
        ) from error


def operators(graph: Graph) -> list[int]:
    """The operators of a graph in the order in which MXNet lists them, which is the graph's own."""
    return [index for index, node in enumerate(graph.nodes) if node.op is not None]
