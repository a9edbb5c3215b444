"""Which tensor of a file is which variable of a graph, by the names that Gluon writes.

``export`` and ``collect_params().save`` write a variable's own name, with another prefix if the
network was built again, ``save_params`` leaves the prefix out, and ``save_parameters`` writes
structural names, which are paired with the graph's layers (``graph_pairing.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from architectures.graph.graph import Graph
from convert.formats.graph_checkpoint import variable_name
from convert.graph_layers import Shape, graph_layers
from convert.graph_pairing import pair_names
from mappings.errors import ReconcileError
from mappings.naming import Scheme
from mappings.prefixes import resolve
from mappings.words import counted


@dataclass(frozen=True)
class GraphNaming:
    """``variables``: the file's name of each variable that the file holds, by variable. ``notes``
    say in words how the names differ from the graph's. ``again``: the variable of every further
    name, under which the file holds the same values once more."""

    scheme: Scheme
    variables: Mapping[str, str]
    notes: tuple[str, ...] = ()
    again: Mapping[str, str] = field(default_factory=dict)


def match_names(graph: Graph, shapes: Mapping[str, Shape]) -> GraphNaming:
    """Find each variable's tensor in a file; ``shapes`` are the file's tensors by name.

    A file with any of the graph's own names is taken to have them all: what else it holds is not
    the graph's. Raises ReconcileError for other names if they fit the graph in no way, or in more
    than one.
    """
    own = {node.name for _, node in graph.variables}
    plain = {name: variable_name(name) for name in shapes}
    if not plain or any(short in own for short in plain.values()):
        marked = any(name != short for name, short in plain.items())
        found = {short: name for name, short in plain.items() if short in own}
        return GraphNaming("export" if marked else "prefixed", found)
    if not any("." in short for short in plain.values()):
        return _renamed(graph, plain)
    names = {short: name for name, short in plain.items()}
    paired = pair_names(graph, {short: shapes[name] for name, short in plain.items()})
    found = {variable: names[short] for variable, short in paired.items()}
    note = f"{counted(len(found), 'structural name')} paired with the graph's, in the only way"
    return GraphNaming("structural", found, (note,))


def _renamed(graph: Graph, plain: Mapping[str, str]) -> GraphNaming:
    """Flat names behind another prefix, or behind none (``save_params``)."""
    own = [variable for layer in graph_layers(graph) for variable, _ in layer.tensors.values()]
    stem = _common_prefix(own)
    space = {variable.removeprefix(stem): variable for variable in own}
    known, prefixes = resolve(plain.values(), space)
    if not known:
        raise ReconcileError(
            "no tensor of the file has the name of a variable of the graph: name the parameters "
            "of this graph with --params FILE"
        )
    names = {short: name for name, short in plain.items()}
    note = f"prefix {' and '.join(map(repr, prefixes))}, the graph's is {stem!r}"
    found = {variable: names[short] for short, variable in known.items()}
    return GraphNaming("prefixed" if any(prefixes) else "stripped", found, (note,))


def _common_prefix(names: Collection[str]) -> str:
    """The network's own prefix: what all names share, up to an underscore."""
    first, last = min(names, default=""), max(names, default="")
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: first.rfind("_", 0, shared) + 1]
