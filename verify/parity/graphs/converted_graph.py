"""A checkpoint that came from a graph, opened together with that graph and its parameters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from architectures.catalogue.packaged_graph import graph_index, packaged_graph
from architectures.graph.drawn_parameters import drawn_parameter
from architectures.graph.filled import filled
from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.plan import Plan
from convert.formats import Array, Checkpoint, Tensor, open_checkpoint
from convert.formats.graph_checkpoint import GraphCheckpoint, open_graph_checkpoint, variable_name
from convert.formats.model_archive import archive_around, files_in, open_file
from convert.formats.regular import sha256
from convert.formats.symbol import open_symbol, parse_symbol
from mappings.errors import FormatError, SourceError
from verify.parity.choices import from_again

MOST_FILES = 200  # in a folder that is searched for the source


@dataclass(frozen=True)
class ConvertedGraph:
    """A checkpoint, its network's plan, and what it was converted from: the graph's file and the
    parameters. ``symbol`` is None where only the operators are judged and there is no such file,
    and where the graph is a packaged one: ``packaged`` is then its JSON."""

    checkpoint: GraphCheckpoint
    plan: Plan
    symbol: Path | None
    source: Checkpoint
    packaged: bytes | None = None

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """The checkpoint's tensors by the plan's names."""
        return self.checkpoint.by_name(self.plan)

    @cached_property
    def sources(self) -> Mapping[str, Tensor]:
        """The source's tensors by the graph's variables."""
        name_of = self.checkpoint.variable_of
        return {name_of(tensor.name): tensor for tensor in self.source.tensors}

    @property
    def is_renamed(self) -> bool:
        """Whether the source has other names than the graph's variables."""
        name_of = self.checkpoint.variable_of
        return any(
            name_of(tensor.name) != variable_name(tensor.name) for tensor in self.source.tensors
        )

    @property
    def is_rounded(self) -> bool:
        """Whether any tensor has another precision than its source."""
        table = self.plan.table.sources
        return any(
            tensor.dtype != self.sources[table[name]].dtype
            for name, tensor in self.tensors.items()
            if name not in self.plan.ones and table[name] in self.sources
        )

    def network(self) -> GraphNetwork:
        """The network with the checkpoint's tensors, float32."""
        state = {name: torch.from_numpy(_float32(t)) for name, t in self.tensors.items()}
        return filled(self.plan, state)

    def arrays(self) -> dict[str, Array]:
        """What MXNet is given: the checkpoint's values if they were rounded, else the source's, by
        the graph's variables. MXNet ignores a gamma that is fixed at 1."""
        values = {variable: _float32(tensor) for variable, tensor in self.sources.items()}
        if self.is_rounded:
            table = self.plan.table.sources
            values |= {table[name]: _float32(tensor) for name, tensor in self.tensors.items()}
        return values

    def require_unchanged(self) -> None:
        """Raise FormatError if a file changed after it was opened."""
        self.checkpoint.checkpoint.require_unchanged()
        self.source.require_unchanged()


def _float32(tensor: Tensor) -> Array:
    values = np.array(tensor.copy())
    wide = values.dtype.kind not in "iub"
    return values.astype(np.float32) if wide else values


def open_converted_graph(
    path: str | os.PathLike[str],
    source: str | os.PathLike[str] | None,
    given: Mapping[str, tuple[int, ...]],
    needs_symbol: bool,
) -> ConvertedGraph:
    """Open a checkpoint, and the files that its provenance names by their sha256: where it says
    they are, or at ``source``, which is one of them, their prefix, their folder or their archive.

    ``given`` are shapes of inputs by name. Raises SourceError for a file that is not there or is
    another one than was converted, FormatError for a file that is not what it must be.
    """
    checkpoint = open_graph_checkpoint(path)
    known = checkpoint.provenance
    files = list(_candidates(known, source))
    symbol, packaged = None, _packaged(known)
    if packaged is not None:
        if parse_symbol(packaged, path) != checkpoint.graph:
            raise FormatError(path, "its provenance holds another graph than is packaged")
    elif needs_symbol:
        symbol = _find(files, known, "symbol_sha256", path, source)
        if open_symbol(symbol) != checkpoint.graph:
            raise FormatError(path, f"its provenance holds another graph than {symbol}")
    if packaged is not None and "synthetic" in (source, known.get("source")):
        opened = _drawn(checkpoint.graph, known)
    else:
        opened = open_checkpoint(_find(files, known, "source_sha256", path, source))
    plan = checkpoint.plan(given)
    return ConvertedGraph(checkpoint, plan, symbol, opened, packaged)


def _packaged(known: Mapping[str, Any]) -> bytes | None:
    """The packaged graph that a provenance names, None if it names none. Raises GluonportError for
    one that is not packaged, or no longer."""
    about = known.get("packaged_graph")
    if not isinstance(about, dict):
        return None
    network, classes = about.get("network"), about.get("classes")
    if not isinstance(network, str) or network not in graph_index():
        raise SourceError(f"the packaged graph {network!r} is not known: install it again")
    return packaged_graph(network).symbol(classes if isinstance(classes, int) else None)


def _drawn(graph: Graph, known: Mapping[str, Any]) -> Checkpoint:
    """The drawn parameters of a packaged graph, by the graph's own names."""
    about = known["packaged_graph"]
    needed = {node.name for _, node in graph.variables}
    shapes = {t.own: t.shape for t in packaged_graph(about["network"]).tensors(about["classes"])}
    tensors = [
        Tensor(own, shape, "float32", "dense", 0, partial(drawn_parameter, graph, own, shape))
        for own, shape in shapes.items()
        if own in needed
    ]
    return Checkpoint(Path("synthetic"), "synthetic", True, tuple(tensors))


def _candidates(known: Mapping[str, Any], source: str | os.PathLike[str] | None) -> Iterator[Path]:
    """The files among which the source must be, each once."""
    seen: set[Path] = set()
    recorded = [Path(str(known[field])) for field in ("source", "symbol") if known.get(field)]
    named = [] if source is None else [Path(source)]
    for start in [*named, *(recorded if source is None else [])]:
        folder = start if start.is_dir() else start.parent
        beside = sorted(folder.glob("*"))[:MOST_FILES] if folder.is_dir() else []
        inside = files_in(start) if source is not None else []
        near = [
            file
            for file in [*inside, *beside]
            if file.name.endswith((".json", ".params", ".npz", ".nd"))
        ]
        for file in [start, *(near if source is not None else [])]:
            if (file.is_file() or archive_around(file)) and file not in seen:
                seen.add(file)
                yield file


def _find(
    files: list[Path],
    known: Mapping[str, Any],
    field: str,
    path: str | os.PathLike[str],
    source: str | os.PathLike[str] | None,
) -> Path:
    digest = known.get(field)
    for file in files:
        if (sha256(file) if file.is_file() else open_file(file).sha256()) == digest:
            return file
    what = "parameters" if field == "source_sha256" else "graph"
    where = "where its provenance says" if source is None else f"at {os.fspath(source)}"
    raise SourceError(
        f"{os.fspath(path)}: the {what} that it was converted from (sha256 {digest}) is not "
        f"{where}: name the file, or the folder that holds graph and parameters, with "
        f"{from_again(known)}"
    )
