"""Does a graph compute what the network of a table computes with the same parameters?

Names and shapes do not show it: strides, paddings, dilation, pooling, activations, epsilons and
``fix_gamma`` are in no file of parameters. What the framework's own network computes is packaged
(``scripts/make_computations.py``), and the graph must compute the same, layer by layer.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files

from architectures import Model
from architectures.graph.graph import Graph
from convert.computed import INPUT, OUTPUT, Computation, Part, computation
from convert.formats import Checkpoint
from convert.formats.graph_checkpoint import variable_name
from convert.laid import Fit
from mappings.errors import GraphError, ReconcileError
from mappings.language import Table
from mappings.naming import recognise


def packaged(model: Model) -> Computation | None:
    """What the source framework's network of a model computes; None if it has no graph."""
    return _read(model.name)


@cache
def _read(name: str) -> Computation | None:
    file = files("architectures") / "computations" / f"{name}.json.gz"
    if not file.is_file():
        return None
    parts = json.loads(gzip.decompress(file.read_bytes()))
    return {part: Part.from_json(values) for part, values in parts.items()}


def disagreement(graph: Graph, checkpoint: Checkpoint, found: Fit) -> str | None:
    """What the graph computes otherwise than the network that its parameters fit, None if nothing.

    Raises GraphError for an attribute that cannot be read.
    """
    expected = packaged(found.model)
    if expected is None:
        return "no graph of this model is known, so that nothing shows that the two agree"
    if found.table.classifier is None:
        head = (found.model.classifier, OUTPUT)
        expected = {name: part for name, part in expected.items() if name not in head}
    constants = {variable_name(name) for name in found.beside.constants}
    layers = layers_of(graph, found.table)
    try:
        computed = computation(graph, layers, constants)
    except GraphError as error:
        return str(error)
    gammas = _ones(graph, checkpoint, found)
    for name, part in computed.items():
        if name in expected and (what := _difference(part, expected[name], name in gammas)):
            return what
        if name not in expected and not name.startswith("@") and name != OUTPUT:
            return f"node {part.node!r} has parameters that the model lacks"
    if absent := [name for name in expected if name not in computed]:
        layer = next((name for name in absent if not name.startswith("@")), "a sum")
        return f"its output does not depend on {layer}"
    return None


def layers_of(graph: Graph, table: Table) -> dict[str, str]:
    """The layers of the network that the graph's variables belong to, by variable.

    A variable that belongs to none is left out.
    """
    names = [node.name for _, node in graph.variables]
    try:
        sources = recognise(names, table).names
    except ReconcileError:
        return {}
    return {
        name: table.accepted[source].rpartition(".")[0]
        for name, source in sources.items()
        if source in table.accepted
    }


def _ones(graph: Graph, checkpoint: Checkpoint, found: Fit) -> set[str]:
    """The norms whose gammas are all 1 in the file, so that ``fix_gamma`` changes nothing."""
    tensors = found.by_target(checkpoint)
    return {
        name.removesuffix(".weight")
        for name, tensor in tensors.items()
        if name.endswith(".weight") and len(tensor.shape) == 1 and (tensor.copy() == 1).all()
    }


def _difference(part: Part, model: Part, ones: bool) -> str | None:
    """What a part does otherwise than the model's, in words."""
    where = f"node {part.node!r}"
    if part.operator != model.operator:
        return f"{where} is a {part.operator}, and the model has a {model.operator}"
    for key in {**part.attributes, **model.attributes}:
        ours, theirs = part.attributes.get(key, "none"), model.attributes.get(key, "none")
        if ours != theirs:
            return f"{where} has {key} {ours}, and the model has {theirs}"
    if part.fixed != model.fixed and not ones:
        does, does_not = ("does", "does not") if model.fixed else ("does not", "does")
        if part.fixed:
            return f"{where} counts its gamma as 1 (fix_gamma), and the model {does}"
        return f"{where} {does_not} count its gamma as 1 (fix_gamma), and the model {does}"
    if part.takes != model.takes:
        if len(part.takes) != len(model.takes):
            return f"{where} takes {len(part.takes)} inputs, and the model {len(model.takes)}"
        pairs = zip(part.takes, model.takes, strict=True)
        ours, theirs = next(pair for pair in pairs if pair[0] != pair[1])
        return f"{where} takes {_shown(ours)}, and the model {_shown(theirs)}"
    return None


def _shown(taken: str) -> str:
    """An expression for people."""
    start = taken.find("@")
    if start >= 0:
        taken = f"{taken[:start]}(a sum or product){taken[start + 13 :]}"
    return taken if taken == INPUT or len(taken) < 120 else f"{taken[:117]}..."
