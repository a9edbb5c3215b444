"""A converted checkpoint whose network comes from a graph: the graph stands in its provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from architectures.graph.stored import StoredTensor
from convert.formats.checkpoint import Checkpoint, Tensor
from convert.formats.detect import open_checkpoint
from convert.formats.records import GRAPH, PROVENANCE, find_record, read_record
from convert.formats.symbol import parse_symbol
from mappings.errors import FormatError

MARKS = ("arg:", "aux:")
"""How MXNet marks parameters and auxiliary states in the files of Module and ``export``."""


@dataclass(frozen=True)
class GraphCheckpoint:
    """A converted checkpoint and its graph.

    ``names`` are the file's tensor names by variable of the graph. ``shapes`` are those of the
    graph's inputs by name, as far as they were known.
    """

    checkpoint: Checkpoint
    graph: Graph
    names: Mapping[str, str]
    shapes: Mapping[str, Dims]
    provenance: Mapping[str, Any]

    @cached_property
    def is_as_converted(self) -> bool:
        """Whether the file is the one that the conversion wrote, by its sha256."""
        return bool(self.provenance.get("target_sha256") == self.checkpoint.files[0].sha256())

    @property
    def classes(self) -> int:
        """The length of the vector that the network gives, 0 if it gives anything else."""
        classes = self.provenance.get("num_classes")
        return classes if type(classes) is int and classes > 0 else 0

    @cached_property
    def by_variable(self) -> Mapping[str, Tensor]:
        """The file's tensors by the variable of the graph that each belongs to."""
        tensors = {tensor.name: tensor for tensor in self.checkpoint.tensors}
        return {variable: tensors[name] for variable, name in self.names.items() if name in tensors}

    def variable_of(self, name: str) -> str:
        """The variable that a tensor of the source belongs to, by its name there."""
        recorded = self.provenance.get("variables")
        found = recorded.get(name) if isinstance(recorded, dict) else None
        return found if isinstance(found, str) else variable_name(name)

    def plan(self, given: Mapping[str, Dims] | None = None) -> Plan:
        """The network; ``given`` are shapes of inputs by name.

        Raises GraphError for a graph that cannot become one, or whose parameters the file lacks.
        """
        stored = {
            variable: StoredTensor(tensor.shape, str(tensor.dtype))
            for variable, tensor in self.by_variable.items()
        }
        return assemble(self.graph, stored, {**self.shapes, **(given or {})})

    def by_name(self, plan: Plan) -> Mapping[str, Tensor]:
        """The file's tensors under the names that the network has today. Another version may have
        written the file under others."""
        targets = plan.table.targets
        return {targets[v]: t for v, t in self.by_variable.items() if v in targets}


def is_graph_checkpoint(path: str | PathLike[str]) -> bool:
    """Whether the provenance beside a file says that its network comes from a graph."""
    try:
        return read_record(Path(path), PROVENANCE).get("model") == GRAPH
    except FormatError:
        return False


def variable_name(name: str) -> str:
    """The variable of a graph that a tensor of a ``.params`` file belongs to."""
    return name[4:] if name.startswith(MARKS) else name


def variables_of(path: str | PathLike[str]) -> tuple[dict[str, str], dict[str, str]] | None:
    """The variable that each tensor of a converted checkpoint belongs to, and that each tensor of
    its source does by a name that is not the graph's (``features.0.weight``). None if the
    provenance beside the checkpoint tells of no graph."""
    if not is_graph_checkpoint(path):
        return None
    record, provenance = find_record(Path(path), PROVENANCE), read_record(Path(path), PROVENANCE)
    names = _names(record, provenance)
    recorded = provenance.get("variables", {})
    if not isinstance(recorded, dict) or not all(isinstance(v, str) for v in recorded.values()):
        raise FormatError(record, "the field 'variables' is not an object of names")
    return {name: variable for variable, name in names.items()}, recorded


def open_graph_checkpoint(path: str | PathLike[str]) -> GraphCheckpoint:
    """Open a checkpoint that a graph conversion wrote, with the provenance beside it.

    The file may have been trained on since: its provenance still describes its network.

    Raises FormatError for a file that is damaged, and for a provenance that is missing or is not
    one of a graph conversion.
    """
    checkpoint = open_checkpoint(path)
    record = find_record(Path(path), PROVENANCE)
    provenance = read_record(Path(path), PROVENANCE)
    if provenance.get("model") != GRAPH:
        raise FormatError(
            record,
            f"says nothing of a graph: {path} was converted by a table: give the name of its model",
        )
    names, shapes = _names(record, provenance), _shapes(record, provenance)
    graph = parse_symbol(json.dumps(provenance.get("graph")), record)
    return GraphCheckpoint(checkpoint, graph, names, shapes, provenance)


def _names(record: Path, provenance: Mapping[str, Any]) -> dict[str, str]:
    names = provenance.get("names")
    if not isinstance(names, dict) or not all(isinstance(v, str) for v in names.values()):
        raise FormatError(record, "the field 'names' is not an object of names")
    return {variable: name for name, variable in names.items()}


def _shapes(record: Path, provenance: Mapping[str, Any]) -> dict[str, Dims]:
    inputs = provenance.get("inputs")
    if not isinstance(inputs, dict):
        raise FormatError(record, "the field 'inputs' is not an object of shapes")
    found: dict[str, Dims] = {}
    for name, sizes in inputs.items():
        if sizes is None:
            continue
        if not isinstance(sizes, list) or not all(
            size is None or (type(size) is int and size >= 0) for size in sizes
        ):
            raise FormatError(record, f"the shape of the input {name!r} is not a list of sizes")
        found[name] = tuple(sizes)
    return found
