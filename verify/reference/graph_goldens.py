"""Packaged answers of MXNet to graphs (goldens): outputs, and a digest of every node.

A golden is one ``.npz`` without pickles. For E outputs of nodes in execution order, N cases and H
outputs of the graph, of which S numbers a case are kept each:

    about      (B,)     uint8: JSON, what ``graph_reference.py`` says of itself, ``graph_sha256``,
                        ``cases``, ``inputs`` (shapes by name), ``shapes`` (of nodes, each once)
    nodes      (E,)     the node, as the difference to the row before; ``outputs``: which output
    sizes      (E,)     the shape's place in ``shapes``; ``counts``: how many projections are kept
    digests    (D,)     float64: (N, count) projections of each row, one after the other
    errors32   (D,)     float32: MXNet's own float32 projections less these; absent if these are of
                        float32
    scales     (E, N)   float32: the output's L2 norm
    nonfinite  (E, N, 3)
    headI      (N, S)   float64 (or float32 if there is no float64), and ``headI_errors32``, float32
    headI_places, headI_shape    as in ``graph_reference.py``, if not all numbers are kept

One projection shows a difference in float64 as well as four do. What float32 errors are judged on
keeps all four.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Collection, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from architectures.graph.graph import Graph, NodeEntry
from convert.formats import Array
from mappings.errors import NoReferenceError
from verify.reference.graph_answers import GraphReference, NodeAnswer, Sample

GRAPH_GOLDENS = Path(str(files("verify.reference") / "graph_goldens"))
MALFORMED = (ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
SAMPLE = 512
"""How many numbers of an output are kept for each case."""


def golden_path(name: str) -> Path:
    """Where the golden of a network lies."""
    return GRAPH_GOLDENS / f"{name}.npz"


def graph_golden(name: str, graph: Graph, path: Path | None = None) -> GraphReference:
    """The packaged answers for the graph of that name.

    Raises NoReferenceError if there are none, and for those of another graph.
    """
    path = path or golden_path(name)
    if not path.exists():
        raise NoReferenceError(
            f"{path}: this golden is missing: make it with scripts/make_graph_goldens.py "
            f"{name}, or ask MXNet with --reference live"
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            held = {key: arrays[key] for key in arrays}
        about = json.loads(held["about"].tobytes())
        if about["graph_sha256"] != graph_sha256(graph):
            raise NoReferenceError(
                f"{path}: this golden is of another graph than {name} has now: make it again with "
                f"scripts/make_graph_goldens.py {name}"
            )
        return _unpacked(held, about, len(graph.heads))
    except (OSError, *MALFORMED) as error:
        raise NoReferenceError(f"{path}: this is not a golden of a graph ({error})") from error


def graph_sha256(graph: Graph) -> str:
    """The hash of what a graph computes, whatever file it came from: annotations of variables
    (initial values, learning rates) do not count."""
    nodes = [
        (n.op, n.name, [(e.node, e.output) for e in n.inputs], dict(n.attributes) if n.op else {})
        for n in graph.nodes
    ]
    heads = [(head.node, head.output) for head in graph.heads]
    return hashlib.sha256(json.dumps([nodes, heads], sort_keys=True).encode()).hexdigest()


def packed(
    answer: GraphReference,
    graph: Graph,
    inputs: Mapping[str, Array],
    judged32: Collection[NodeEntry],
) -> dict[str, Array]:
    """The arrays of a golden. ``judged32``: the outputs whose float32 errors are judged."""
    shapes = list(dict.fromkeys(node.shape for node in answer.nodes.values()))
    kept = [(entry, 4 if entry in judged32 else 1) for entry in answer.nodes]
    rows = [(answer.nodes[entry], count) for entry, count in kept]
    out: dict[str, Any] = {
        "nodes": np.diff([entry.node for entry in answer.nodes], prepend=0).astype(np.int32),
        "outputs": np.array([entry.output for entry in answer.nodes], np.uint16),
        "sizes": np.array([shapes.index(row.shape) for row, _ in rows], np.uint16),
        "counts": np.array([count for _, count in rows], np.uint8),
        "digests": np.concatenate([row.digests[:, :count].ravel() for row, count in rows]),
        "scales": np.array([row.scales for row, _ in rows], np.float32),
        "nonfinite": np.array([row.nonfinite for row, _ in rows], np.int32),
    }
    if answer.refused is None:
        errors = [
            (row.digests32 - row.digests)[:, :count].ravel()
            for row, count in rows
            if row.digests32 is not None
        ]
        out["errors32"] = np.concatenate(errors).astype(np.float32)
    for at, exact in enumerate(answer.heads64 or answer.heads32):
        out[f"head{at}"] = exact.reshape(len(exact), -1)
        if answer.refused is None:
            error = answer.heads32[at].astype(np.float64) - exact
            out[f"head{at}_errors32"] = error.reshape(len(exact), -1).astype(np.float32)
        out[f"head{at}_shape"] = np.array(answer.shapes()[at], np.int32)
        if at in answer.samples:
            out[f"head{at}_places"] = answer.samples[at].places.astype(np.int32)
    about = {
        **{key: value for key, value in answer.about.items() if key != "symbol_sha256"},
        "graph_sha256": graph_sha256(graph),
        "cases": len(next(iter(inputs.values()))),
        "inputs": {name: list(array.shape[1:]) for name, array in inputs.items()},
        "shapes": [list(shape) for shape in shapes],
    }
    return {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), **out}


def _unpacked(held: Mapping[str, Array], about: dict[str, Any], heads: int) -> GraphReference:
    cases, refused = about["cases"], about["float64"]
    shapes = [tuple(shape) for shape in about.pop("shapes")]
    entries = zip(np.cumsum(held["nodes"]), held["outputs"], strict=True)
    nodes: dict[NodeEntry, NodeAnswer] = {}
    start = 0
    for row, (node, output) in enumerate(entries):
        count = int(held["counts"][row])
        own = slice(start, start := start + cases * count)
        digests = held["digests"][own].reshape(cases, count)
        single = None
        if refused is None:
            single = digests + held["errors32"][own].reshape(cases, count)
        nodes[NodeEntry(int(node), int(output))] = NodeAnswer(
            shapes[held["sizes"][row]],
            digests,
            single,
            held["scales"][row].astype(np.float64),
            held["nonfinite"][row],
        )
    exact: list[Array] = []
    rounded: list[Array] = []
    samples = {}
    for at in range(heads):
        values, places = held[f"head{at}"], held.get(f"head{at}_places")
        shape = tuple(map(int, held[f"head{at}_shape"]))
        kept = (cases, *shape) if places is None else values.shape
        if places is not None:
            samples[at] = Sample(shape, places)
        if refused is None:
            exact.append(values.reshape(kept))
            rounded.append((values + held[f"head{at}_errors32"]).reshape(kept))
        else:
            rounded.append(values.reshape(kept))
    return GraphReference("golden", tuple(exact), tuple(rounded), nodes, {}, about, samples)
