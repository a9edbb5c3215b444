"""Finds a graph and its parameters: a symbol file, a prefix, a folder, or a file of parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from architectures.graph.graph import Graph
from convert.formats import Checkpoint, open_checkpoint
from convert.formats.regular import sha256
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import ConversionError
from mappings.words import first_few

SYMBOL = "-symbol.json"
NUMBERED = re.compile(r"-(\d+)\.params")
EXPORT = "net.export('model') writes both"


@dataclass(frozen=True)
class GraphSource:
    """A graph with the parameters that were saved beside it.

    ``symbol`` is the graph's file and ``symbol_sha256`` its hash, in hex. ``notes`` are sentences
    on how the two were found.
    """

    graph: Graph
    symbol: Path
    symbol_sha256: str
    checkpoint: Checkpoint
    notes: tuple[str, ...] = ()


def is_graph_source(source: str) -> bool:
    """Whether a source is a graph, and not a file of tensors alone."""
    return _symbol_of(source) is not None


def find_graph(source: str, params: str | None = None, choice: Choice = NO_CHOICE) -> GraphSource:
    """The graph at ``source`` and its parameters: those at ``params``, or else the ``.params`` with
    the highest number beside the graph.

    Raises ConversionError for parameters without a graph, a graph without parameters, and several
    of either; FormatError for a file that is not what it must be.
    """
    from convert.formats.symbol import open_symbol  # brings all operators

    symbol = _symbol_of(source)
    if symbol is None:
        raise ConversionError(
            f"{source}: there is no graph here (NAME{SYMBOL}): export the network again, {EXPORT}"
        )
    digest = sha256(symbol)
    graph = open_symbol(symbol)
    notes: tuple[str, ...] = ()
    if params is None:
        path, others = _parameters_of(symbol)
        if others:
            notes = (f"of {len(others) + 1} files of parameters, the one with the highest number",)
    else:
        path = Path(params)
    return GraphSource(graph, symbol, digest, open_checkpoint(path, choice), notes)


def _symbol_of(source: str) -> Path | None:
    path = Path(source)
    if path.is_dir():
        found = sorted(path.glob(f"*{SYMBOL}"))
        if len(found) > 1:
            names = first_few([one.name for one in found])
            raise ConversionError(f"{source}: holds several graphs, {names}: name one of them")
        return found[0] if found else None
    if path.name.endswith(".json") and not path.name.endswith(".index.json"):
        return path
    prefix = path.with_name(f"{path.name}{SYMBOL}")
    return prefix if prefix.exists() and not path.exists() else None


def _parameters_of(symbol: Path) -> tuple[Path, list[Path]]:
    """The parameters beside a graph, those of the latest epoch, and the others."""
    prefix = symbol.name.removesuffix(SYMBOL).removesuffix(".json")
    numbered: dict[int, list[Path]] = {}
    for path in symbol.parent.glob(f"{_escaped(prefix)}-*.params"):
        if match := NUMBERED.fullmatch(path.name[len(prefix) :]):
            numbered.setdefault(int(match[1]), []).append(path)
    if numbered:
        latest = sorted(numbered.pop(max(numbered)))
        if len(latest) > 1:
            names = first_few([path.name for path in latest])
            raise ConversionError(f"{symbol}: several files have the number: {names}: --params")
        return latest[0], [path for paths in numbered.values() for path in paths]
    others = sorted(symbol.parent.glob("*.params"))
    named = [path for path in others if path.stem == prefix] or others
    if len(named) == 1:
        return named[0], []
    if named:
        names = first_few([path.name for path in named])
        raise ConversionError(f"{symbol}: its parameters may be {names}: choose with --params FILE")
    raise ConversionError(
        f"{symbol}: there are no parameters beside the graph ({prefix}-0000.params): give them "
        f"with --params FILE; {EXPORT}"
    )


def _escaped(prefix: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", prefix)
