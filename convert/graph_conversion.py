"""From a graph and its parameters to a PyTorch network: weights, source and provenance."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from architectures.graph.stored import StoredTensor
from convert.formats import Checkpoint, Tensor
from convert.formats.block import dtype_of
from convert.formats.given_values import Values
from convert.formats.graph_checkpoint import variable_name
from convert.formats.records import GRAPH, PROVENANCE, record_path, record_text
from convert.formats.symbol import symbol_json
from convert.graph_names import GraphNaming, match_names
from convert.kept_values import MOST_KEPT, kept
from convert.precision import FLOATING, Precision, batches_tracked, convert_values
from convert.proven import write_proven
from convert.provenance import Conversion, Evidence, origin, source_of
from convert.sources.fetched import Fetched
from mappings.errors import ConversionError, GraphError, ReconcileError
from mappings.words import counted, first_few


@dataclass(frozen=True)
class GraphRequest:
    """A graph with its parameters, and the file to write.

    ``symbol`` is the graph's file and ``symbol_sha256`` its hash, in hex. ``given`` are shapes of
    inputs that the user gave. ``force`` replaces existing files, and ``allow_nonfinite`` writes NaN
    and infinity too. ``ignore`` are the patterns of the tensors that the user left out. ``notes``
    are sentences on how the graph and its parameters were found. ``fetched`` says where the graph
    was fetched from. ``symbol`` is None for a packaged graph, ``packaged`` says which, and
    ``known`` how the file names its variables.
    """

    graph: Graph
    symbol: Path | None
    symbol_sha256: str
    checkpoint: Checkpoint
    target: Path
    precision: Precision = "float32"
    given: Mapping[str, Dims] = field(default_factory=dict)
    force: bool = False
    allow_nonfinite: bool = False
    ignore: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fetched: Fetched | None = None
    packaged: Mapping[str, Any] | None = None
    known: GraphNaming | None = None

    @cached_property
    def naming(self) -> GraphNaming:
        """How the file names the graph's variables. Raises ReconcileError if that is not clear."""
        if self.known is not None:
            return self.known
        try:
            return match_names(self.graph, {t.name: t.shape for t in self.checkpoint.tensors})
        except ReconcileError as error:
            raise ReconcileError(f"{self.checkpoint.path}: {error}") from error

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """The variable that each of the file's names stands for, where it is not its own name."""
        pairs = self.naming.variables.items()
        named = {name: own for own, name in pairs if variable_name(name) != own}
        return {**named, **self.naming.again}

    @cached_property
    def tensors(self) -> Mapping[str, Tensor]:
        """The file's tensors by the variable of the graph that each belongs to."""
        found: dict[str, Tensor] = {}
        for tensor in self.checkpoint.tensors:
            if tensor.name in self.naming.again:
                continue
            name = self.variables.get(tensor.name, variable_name(tensor.name))
            if name in found:
                raise ConversionError(
                    f"{self.checkpoint.path}: {found[name].name!r} and {tensor.name!r} both "
                    f"stand for the variable {name!r}: remove one of them"
                )
            found[name] = tensor
        return found

    @cached_property
    def plan(self) -> Plan:
        """The network. Raises GraphError for a graph that cannot become one."""
        stored = {
            name: StoredTensor(tensor.shape, tensor.dtype)
            for name, tensor in self.tensors.items()
            if tensor.dtype is not None
        }
        try:
            return assemble(self.graph, stored, self.given)
        except GraphError as error:
            if self.symbol is None:
                raise
            where = f"'gluonport inspect {self.symbol}' lists what it needs"
            raise GraphError(f"{self.symbol}: {error}; {where}") from error


def convert_graph(request: GraphRequest) -> Conversion:
    """Write the network's weights to the target, its source to ``OUT.py`` and its provenance.

    Raises GraphError for a graph that cannot become a network, ConversionError for an ``OUT.py``
    that exists already, and what ``write_proven`` does.
    """
    from architectures.graph.python_source import write_source

    target, plan = request.target, request.plan
    module = target.with_suffix(".py")
    if module.exists() and not request.force:
        raise ConversionError(f"{module}: already exists: --force replaces it")
    text = write_source(plan, target.name)

    def report(evidence: Evidence) -> tuple[Conversion, Sequence[str]]:
        conversion = _conversion(request, evidence)
        return conversion, [text, _provenance(request, conversion, evidence)]

    return write_proven(
        target,
        request.checkpoint,
        lambda: _values(request),
        [module, record_path(target, PROVENANCE)],
        report,
        replacing=request.force,
    )


def _values(request: GraphRequest) -> dict[str, Values]:
    """The values of the target under the network's names, in its order."""
    plan = request.plan
    arrays: dict[str, Values] = {}
    ones = set(plan.ones)
    for layer in plan.table.layers:
        prefix = f"{layer.target}." if layer.target else ""
        for source, leaf in layer.kind.leaves:
            name, tensor = prefix + leaf, request.tensors[source]
            if name in ones:
                dtype = "float32" if tensor.dtype not in FLOATING else tensor.dtype
                kept = request.precision == "keep"
                one = np.ones(tensor.shape, dtype_of(dtype if kept else request.precision))
                arrays[name] = Values.of(one)
            elif tensor.dtype in FLOATING:
                arrays[name] = convert_values(
                    tensor, request.precision, allow_nonfinite=request.allow_nonfinite
                )
            else:
                arrays[name] = Values.of(tensor.copy())
        for leaf in layer.kind.synthesised:
            arrays[prefix + leaf] = Values.of(batches_tracked(None))
    return arrays


def _conversion(request: GraphRequest, evidence: Evidence) -> Conversion:
    checkpoint, plan = request.checkpoint, request.plan
    return Conversion(
        model=GRAPH,
        source=str(checkpoint.path),
        source_format=checkpoint.format,
        naming=GRAPH,
        notes=(*checkpoint.notes, *request.notes, *request.naming.notes, *_notes(request)),
        target=str(request.target),
        tensors=len(evidence.tensors),
        parameters=_parameters(request),
        num_classes=plan.num_classes,
        in_chans=plan.in_chans,
        dtype=request.precision,
        synthetic=checkpoint.format == "synthetic",
        source_sha256=evidence.sources[0] if evidence.sources else None,
        target_sha256=evidence.target,
        fetched=source_of(request.fetched),
    )


def unused(request: GraphRequest) -> list[str]:
    """The tensors of the file that the network does not need."""
    used = request.plan.table.targets
    return [tensor.name for name, tensor in request.tensors.items() if name not in used]


def _notes(request: GraphRequest) -> list[str]:
    notes = []
    if fixed := _fixed(request):
        notes.append(f"{counted(len(fixed), 'gamma')} fixed at 1 (fix_gamma)")
    done_without = _done_without(request)
    if done_without:
        notes.append(
            f"no output needs {counted(len(done_without), 'array')} of the graph "
            f"({first_few(done_without)}): the provenance keeps them for the way back"
        )
    if left := [name for name in unused(request) if name not in done_without]:
        notes.append(
            f"{counted(len(left), 'array')} that no output needs left out: {first_few(left)}"
        )
    return notes


def _done_without(request: GraphRequest) -> dict[str, Tensor]:
    """The small tensors that the graph takes and the network does without, by variable: the gamma
    of a BatchNorm with ``use_global_stats`` and ``fix_gamma``. MXNet asks for them."""
    used = request.plan.table.targets
    taken = {node.name for _, node in request.graph.variables} - used.keys()
    return {
        name: tensor
        for name, tensor in request.tensors.items()
        if name in taken and tensor.dtype is not None and math.prod(tensor.shape) <= MOST_KEPT
    }


def _parameters(request: GraphRequest) -> int:
    sources = request.plan.table.sources
    return sum(math.prod(request.tensors[sources[name]].shape) for name in request.plan.trained)


def _fixed(request: GraphRequest) -> dict[str, Tensor]:
    """The file's gammas that count as 1 whatever it holds, by variable."""
    sources = request.plan.table.sources
    return {sources[name]: request.tensors[sources[name]] for name in request.plan.ones}


def _provenance(request: GraphRequest, conversion: Conversion, evidence: Evidence) -> str:
    """The provenance as JSON: also the graph, from which the network is built again, and the values
    that the network does without, so that the way back restores them."""
    from importlib.metadata import version

    checkpoint, plan = request.checkpoint, request.plan
    values: dict[str, Any] = {
        "tool": {"name": "gluonport", "version": version("gluonport")},
        **conversion.as_json(),
        "source": conversion.source if conversion.synthetic else os.path.abspath(conversion.source),
        "target": request.target.name,
        **origin(request.fetched),
        "source_shards": {},
        "weights": checkpoint.weights,
        "ema": checkpoint.averaged,
        "ignore": list(request.ignore),
        "ignored": list(checkpoint.ignored),
        "preprocessing": None,
        "mapping_sha256": plan.table.digest,
        "symbol": None if request.symbol is None else os.path.abspath(request.symbol),
        "packaged_graph": request.packaged,
        "symbol_sha256": request.symbol_sha256,
        "inputs": {
            plan.graph.nodes[taken.node].name: None if taken.shape is None else list(taken.shape)
            for taken in plan.inputs
        },
        "names": dict(plan.table.sources),
        "variables": dict(request.variables),
        "arrays": [{"name": t.name, "dtype": t.dtype} for t in checkpoint.tensors if t.dtype],
        "fixed_gammas": {name: kept(tensor) for name, tensor in _fixed(request).items()},
        "done_without": {name: kept(tensor) for name, tensor in _done_without(request).items()},
        "unused": unused(request),
        "graph": symbol_json(request.graph),
        "tensor_sha256": dict(evidence.tensors),
    }
    return record_text(PROVENANCE, values)
