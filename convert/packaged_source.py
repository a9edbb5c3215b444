"""Pairs the parameters of a model zoo's network with its packaged graph, which needs no symbol.

Names are compared with GluonCV's own tables, exactly, and every shape with what the network has for
the file's number of classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from architectures.catalogue.graph_record import GraphRecord, graph_record
from architectures.catalogue.name_keys import key_of
from architectures.catalogue.packaged_graph import PackagedGraph, graph_index, networks_with
from architectures.catalogue.stored_file import StoredFile, file_of_network
from architectures.graph.graph import Graph
from convert.formats import Checkpoint, Tensor
from convert.formats.graph_checkpoint import variable_name
from convert.graph_names import GraphNaming, match_names
from convert.stored_weights import stored_file_of
from mappings.errors import GluonportError, ReconcileError
from mappings.words import counted, first_few


@dataclass(frozen=True)
class PackagedSource:
    """A packaged graph for the file's number of classes, and which tensor is which variable.

    ``classes`` is None where GluonCV makes the network for one number of classes only. ``file`` is
    the stored file that the checkpoint is by its sha1, None if it is no such file.
    """

    record: GraphRecord
    checkpoint: Checkpoint
    symbol: bytes
    graph: Graph
    naming: GraphNaming
    classes: int | None
    file: StoredFile | None
    notes: tuple[str, ...] = ()

    @property
    def symbol_sha256(self) -> str:
        """The hash of the graph as MXNet's JSON, in hex."""
        return hashlib.sha256(self.symbol).hexdigest()


def packaged_source(record: GraphRecord, checkpoint: Checkpoint) -> PackagedSource:
    """Pair a checkpoint with the graph of a network that it must be of.

    Raises ReconcileError if its names or shapes are not the network's.
    """
    try:
        return _paired(record, checkpoint, stored_file_of(checkpoint))
    except GluonportError as error:
        raise ReconcileError(f"{checkpoint.path} does not fit {record.name}: {error}") from error


def networks_fitting(checkpoint: Checkpoint) -> list[str]:
    """The names of the networks whose packaged graphs a checkpoint fits, by names and shapes."""
    found = []
    for network in networks_with(key_of(tensor.name for tensor in checkpoint.tensors)):
        record = graph_record(network, file_of_network(network))
        assert record is not None
        try:
            found.append(_paired(record, checkpoint, None).record.name)
        except GluonportError:
            continue
    return found


def recognise_packaged(checkpoint: Checkpoint, file: StoredFile | None) -> PackagedSource | None:
    """Find the packaged graph that a checkpoint's names and shapes fit; None if no network has its
    names. ``file`` is the stored file that the checkpoint is by its sha1.

    Raises ReconcileError if networks have its names and none has its shapes, and if it fits several
    that compute different functions and is no stored file.
    """
    if not checkpoint.named:
        return None
    networks = networks_with(key_of(tensor.name for tensor in checkpoint.tensors))
    if file is not None and file.network in graph_index():
        networks = (file.network,)
    if not networks:
        return None
    found, reasons = [], []
    for network in networks:
        own = file if file is not None and file.network == network else file_of_network(network)
        record = graph_record(network, own)
        assert record is not None
        try:
            found.append(_paired(record, checkpoint, file))
        except GluonportError as error:
            reasons.append(f"{record.name}: {error}")
    if not found:
        names = counted(len(networks), "network")
        raise ReconcileError(
            f"{checkpoint.path} has the names of {names} of GluonCV, and other shapes: "
            f"{' | '.join(reasons[:3])}"
        )
    return _one_of(found, checkpoint)


def _one_of(found: Sequence[PackagedSource], checkpoint: Checkpoint) -> PackagedSource:
    names = [source.record.name for source in found]
    if _functions(found) > 1:
        published = [source for source in found if _has_published_classes(source)]
        if _functions(published) == 1:
            first = published[0]
            others = [name for name in names if name != first.record.name]
            note = (
                f"taken for {first.record.name} by its {first.classes} classes; names and shapes "
                f"fit {first_few(others)} too, which computes another function"
            )
            return replace(first, notes=(*first.notes, note))
        raise ReconcileError(
            f"{checkpoint.path} fits {first_few(names)} equally well, by names and by shapes, and "
            f"these compute different functions: give the network's name instead of 'auto'"
        )
    first = found[0]
    if len(found) == 1:
        return first
    note = f"the same graph is that of {first_few(names)}"
    return replace(first, notes=(*first.notes, note))


def _functions(sources: Sequence[PackagedSource]) -> int:
    """How many different functions the sources compute."""
    return len({(s.symbol, frozenset(s.naming.variables.items())) for s in sources})


def _has_published_classes(source: PackagedSource) -> bool:
    published = graph_index()[source.record.network]["template_classes"]
    return source.classes is not None and source.classes == published


def _paired(record: GraphRecord, checkpoint: Checkpoint, file: StoredFile | None) -> PackagedSource:
    from convert.formats.symbol import parse_symbol  # brings all operators

    packaged = record.graph
    tensors = {tensor.name: tensor for tensor in checkpoint.tensors}
    naming = _named(packaged, record, tensors)
    shapes = {own: tensors[name].shape for own, name in naming.variables.items()}
    classes = packaged.classes_of(shapes)
    symbol = packaged.symbol(classes)
    graph = parse_symbol(symbol, Path(f"{record.name}-symbol.json"))
    needed = {node.name for _, node in graph.variables if node.name not in record.inputs}
    if missing := sorted(needed - shapes.keys()):
        structural = {own: name for name, own in packaged.names}
        listed = first_few([structural.get(own, own) for own in missing])
        raise GluonportError(f"{counted(len(missing), 'tensor')} missing: {listed}")
    notes = []
    if file is not None:
        notes.append(f"by its sha1 it is {file.stem}.params of the store ({file.store})")
        if file.network != record.network:
            notes.append(f"that file is another network's, {file.name}")
    if classes is not None and record.num_classes is not None:
        published = packaged.published_classes
        if classes != published:
            notes.append(f"{classes} classes, where {record.name} has {published}")
    return PackagedSource(record, checkpoint, symbol, graph, naming, classes, file, tuple(notes))


def _named(packaged: PackagedGraph, record: GraphRecord, tensors: dict[str, Tensor]) -> GraphNaming:
    """Which tensor of the file is which variable. Raises GluonportError for other names."""
    plain = {variable_name(name): name for name in tensors}
    own = {own: own for _, own in packaged.names}
    structural = any("." in name for name in plain)
    space = dict(packaged.names) if structural else own
    if not structural and not any(name in own for name in plain):
        from convert.formats.symbol import parse_symbol

        graph = parse_symbol(packaged.symbol(), Path(f"{record.name}-symbol.json"))
        return match_names(graph, {name: tensor.shape for name, tensor in tensors.items()})
    if unknown := [name for short, name in plain.items() if short not in space]:
        raise GluonportError(
            f"{counted(len(unknown), 'tensor')} that the network does not have: "
            f"{first_few(unknown)}"
        )
    found: dict[str, str] = {}
    again: dict[str, str] = {}
    for short, name in plain.items():
        first = found.setdefault(space[short], name)
        if first == name:
            continue
        if tensors[first].sha256() != tensors[name].sha256():
            raise GluonportError(f"{first} and {name} are one tensor, and their values differ")
        again[name] = space[short]
    if structural:
        return GraphNaming("structural", found, again=again)
    marked = any(short != name for short, name in plain.items())
    return GraphNaming("export" if marked else "prefixed", found)
