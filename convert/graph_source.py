"""Finds a graph and its parameters: a symbol file, a prefix, a folder, or an archive of both."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from convert.beside_graph import EXPORT, SYMBOL, Place, archive, folder, parameters_of, prefix_of
from convert.formats.mapped import MappedFile
from convert.formats.model_archive import is_model_archive
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import ConversionError, FormatError
from mappings.words import first_few

if TYPE_CHECKING:
    from architectures.graph.graph import Graph
    from convert.formats import Checkpoint


@dataclass(frozen=True)
class FoundSymbol:
    """A graph, its file, and what lies beside it.

    ``path`` is ``ARCHIVE/NAME`` for a file in an archive; ``sha256`` is its hash, in hex.
    """

    graph: Graph
    place: Place
    name: str
    sha256: str

    @property
    def path(self) -> Path:
        return self.place.path / self.name


@dataclass(frozen=True)
class GraphSource:
    """A graph with the parameters that were saved beside it.

    ``symbol`` is the graph's file, ``ARCHIVE/NAME`` for one in an archive, and ``symbol_sha256``
    its hash, in hex. ``checkpoint`` may mark its names by ``arg:`` and ``aux:``. ``notes`` are
    sentences on how the two were found.
    """

    graph: Graph
    symbol: Path
    symbol_sha256: str
    checkpoint: Checkpoint
    notes: tuple[str, ...] = ()


def is_graph_source(source: str) -> bool:
    """Whether a source is a graph, with or without its parameters: by the content of a file or
    archive, or by what a folder or prefix holds."""
    path = Path(source)
    if path.is_dir():
        return bool(folder(path).symbols) or _is_prefix(path)
    if not path.is_file():
        return _is_prefix(path)
    try:
        return _kind(MappedFile.open(path)) is not None
    except FormatError:
        return False


def find_graph(source: str, params: str | None = None, choice: Choice = NO_CHOICE) -> GraphSource:
    """The graph at ``source`` and its parameters: those at ``params``, or else the ``.params`` with
    the highest number beside the graph.

    Raises ConversionError for parameters without a graph, a graph without parameters, and several
    of either that differ; FormatError for a file that is not what it must be.
    """
    symbol = find_symbol(source)
    checkpoint, notes = find_parameters(symbol, params, choice)
    return GraphSource(symbol.graph, symbol.path, symbol.sha256, checkpoint, notes)


def find_symbol(source: str) -> FoundSymbol:
    """The graph at ``source``, whatever lies beside it. Raises as ``find_graph`` does."""
    from convert.formats.symbol import parse_symbol, read_symbol  # brings all operators

    place, name = _located(source)
    data = read_symbol(place.open(name))
    graph = parse_symbol(data, place.path / name)
    return FoundSymbol(graph, place, name, hashlib.sha256(data).hexdigest())


def find_parameters(
    symbol: FoundSymbol, params: str | None = None, choice: Choice = NO_CHOICE
) -> tuple[Checkpoint, tuple[str, ...]]:
    """The parameters at ``params``, or those beside a graph, and sentences on how they were found.

    Raises as ``find_graph`` does.
    """
    from convert.formats.detect import checkpoint_in, open_checkpoint

    notes: list[str] = []
    if params is not None:
        checkpoint = open_checkpoint(params, choice)
    else:
        name, notes = parameters_of(symbol.place, symbol.name)
        checkpoint = checkpoint_in(symbol.place.open(name), choice)
    if checkpoint.tensors and not checkpoint.named:
        raise ConversionError(
            f"{checkpoint.path}: its arrays have no names, by which a graph finds its parameters: "
            f"save them with {EXPORT}"
        )
    return checkpoint, tuple(notes)


def refuse_unknown_inputs(path: Path, graph: Graph, given: Collection[str]) -> None:
    """Raise ConversionError for the name of an input that the graph does not have."""
    names = [node.name for _, node in graph.variables]
    if unknown := set(given) - set(names):
        raise ConversionError(
            f"{path}: the graph has no input {min(unknown)!r}; its variables are "
            f"{first_few(names)}: name one of them"
        )


def _located(source: str) -> tuple[Place, str]:
    """Where a graph lies and the name of its file there."""
    path = Path(source)
    if path.is_dir():
        place = folder(path)
        if not place.symbols and _is_prefix(path):
            return _beside(path.with_name(path.name + SYMBOL))
        return place, _only_symbol(place)
    if not os.path.lexists(path) and _is_prefix(path):
        return _beside(path.with_name(path.name + SYMBOL))
    file = MappedFile.open(path)
    kind = _kind(file)
    if kind == "archive":
        place = archive(file)
        return place, _only_symbol(place)
    if kind is None and not path.name.endswith(".json"):
        raise _no_graph(file)
    return _beside(path)


def _beside(symbol: Path) -> tuple[Place, str]:
    return folder(symbol.parent), symbol.name


def _is_prefix(path: Path) -> bool:
    return bool(path.name) and path.with_name(path.name + SYMBOL).is_file()


def _only_symbol(place: Place) -> str:
    if len(place.symbols) == 1:
        return place.symbols[0]
    if place.symbols:
        names = first_few(place.symbols)
        raise ConversionError(f"{place.path}: holds several graphs, {names}: name one of them")
    raise ConversionError(
        f"{place.path}: holds no graph, a file that ends in {SYMBOL}: export the network again, "
        f"{EXPORT}"
    )


def _kind(file: MappedFile) -> str | None:
    """What a regular file can be: ``symbol``, ``archive``, or neither."""
    head = file.head
    if is_model_archive(file):
        return None if head.startswith(b"sys_info\0") else "archive"  # PyTorch's before 2017
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    named = file.path.name.endswith(SYMBOL)
    return "symbol" if text.startswith(b"{") and (b'nodes"' in head or named) else None


def _no_graph(file: MappedFile) -> ConversionError:
    """The error for a file that is no graph. Raises FormatError if it is no checkpoint either."""
    from convert.formats.detect import checkpoint_in

    checkpoint_in(file, NO_CHOICE)
    path = file.path
    place = folder(path.parent)
    own = [name for name in place.symbols if path.name.startswith(prefix_of(name))]
    what = f"{path}: these are parameters without their graph"
    if own:
        beside = path.with_name(own[-1])
        return ConversionError(f"{what}: name the graph, {beside}, and these with --params")
    return ConversionError(f"{what}, NAME{SYMBOL}: export the network again, {EXPORT}")
