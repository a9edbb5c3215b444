"""Which way a source takes to its target: by a table, by its graph, or back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from architectures import GraphRecord, find_model, find_network
from architectures.catalogue.name_keys import key_of
from architectures.catalogue.packaged_graph import graph_index, networks_with
from architectures.catalogue.ports import PORTS
from convert.fit import all_fits, fit, identify
from convert.formats import Checkpoint, open_checkpoint, refuse_quantised
from convert.formats.records import GRAPH, RAW
from convert.gluon_names import gluon_names
from convert.graph_source import find_graph, is_graph_source, refuse_unknown_inputs
from convert.laid import Fit
from convert.provenance import Conversion
from convert.request import Request
from convert.sources.fetched import Fetched
from convert.sources.published import fetch_published, largest
from convert.stored_weights import stored_file_of, stored_weights
from convert.synthetic_source import synthetic_checkpoint
from convert.transfer import transfer
from convert.way_back import WayBack
from convert.wish import Wish
from mappings.choice import Choice
from mappings.errors import ConversionError, DownloadError, ReconcileError
from mappings.words import first_few

if TYPE_CHECKING:
    from architectures.catalogue.record import Model
    from architectures.catalogue.stored_file import StoredFile
    from convert.graph_source import GraphSource


def convert_as_wished(wish: Wish, choice: Choice) -> Conversion:
    """Convert by the graph if that is asked for, or if no table fits; else by a table.

    Raises a GluonportError that says what failed.
    """
    source = wish.source
    if wish.name == RAW:
        return _raw(wish, choice)
    if wish.name in ("auto", GRAPH):
        if source is None or source == "synthetic":
            raise ConversionError(
                f"{wish.name!r} needs a file to convert: give one with --from FILE"
            )
        if wish.target.suffix == ".params" and (done := _back(wish, source)):
            return done
    if wish.name == GRAPH or wish.params or (source is not None and is_graph_source(source)):
        if source is None or source == "synthetic":
            raise ConversionError("--params needs the graph that it belongs to: --from GRAPH")
        graph = find_graph(source, wish.params, choice)
        refuse_unknown_inputs(graph.symbol, graph.graph, wish.shapes)
        found, why = (None, None) if wish.name == GRAPH else _fitting(wish, graph)
        if found is None:
            return _by_graph(wish, graph, choice, why)
        checkpoint, fetched, notes = graph.checkpoint, wish.fetched, _on_softmax(graph)
    else:
        if wish.shapes:
            raise ConversionError(
                f"--input is for graphs, and {source or wish.name} is not one: leave it out"
            )
        laid = _by_table(wish, choice)
        if isinstance(laid, Conversion):
            return laid
        found, checkpoint, fetched, notes = laid
    names, back = None, WayBack()
    if wish.target.suffix == ".params":
        names = gluon_names(found.model, wish.naming)
        back = WayBack.of(checkpoint, found.model)
        if found.model.source.framework == "mxnet":
            names = back.renamed(names)
    request = Request(
        found,
        checkpoint,
        wish.target,
        wish.precision,
        names=names,
        back=back,
        notes=notes,
        fetched=fetched,
        ignore=choice.ignore,
        allow_nonfinite=wish.allow_nonfinite,
        force=wish.force,
    )
    return transfer(request)


def _by_table(
    wish: Wish, choice: Choice
) -> tuple[Fit, Checkpoint, Fetched | None, tuple[str, ...]] | Conversion:
    """How a source fits its model, the source, where it was fetched from, and what is to be said of
    it; or the finished conversion by a packaged graph, where no table has the network."""
    source, fetched = wish.source, wish.fetched
    if wish.name == "auto":
        checkpoint = open_checkpoint(str(source), choice)
        file = stored_file_of(checkpoint)
        try:
            found = identify(checkpoint, wish.classifier)
        except ReconcileError:
            if done := _by_packaged_graph(wish, choice, checkpoint, file):
                return done
            raise
        if file is not None and file.network in graph_index():  # of another network, by its hash
            if done := _by_packaged_graph(wish, choice, checkpoint, file):
                return done
        notes = (*_on_options(found), *(() if file else _on_graphs(checkpoint)))
        return stored_weights(found, file), checkpoint, fetched, notes
    model = find_network(wish.name)
    if isinstance(model, GraphRecord):
        from convert.packaged_route import convert_packaged

        return convert_packaged(wish, choice, model)
    if source == "synthetic":
        checkpoint = synthetic_checkpoint(model)
    elif source is not None:
        checkpoint = open_checkpoint(source, choice)
    else:
        fetched = Fetched(_published(model, wish), model.source.url)
        checkpoint = open_checkpoint(fetched.path, choice)
    return fit(checkpoint, model, wish.classifier), checkpoint, fetched, ()


def _published(model: Model, wish: Wish) -> Path:
    """The published checkpoint. Raises DownloadError, which names what else the model hub has."""
    try:
        return fetch_published(model.source, most=largest(model))
    except DownloadError as error:
        if (port := PORTS.get(model.source.sha1 or "")) is None:
            raise
        source = f"hf-hub:{port}"
        command = shlex.join(["convert", model.name, str(wish.target), "--from", source])
        raise DownloadError(
            f"{error}; the model hub has timm's conversion of these weights, which is not the "
            f"original file: {command}"
        ) from error


def _by_packaged_graph(
    wish: Wish, choice: Choice, checkpoint: Checkpoint, file: StoredFile | None
) -> Conversion | None:
    """Convert a file by the packaged graph that it fits; None without one. ``file`` is the stored
    file that it is by its sha1."""
    from convert.packaged_route import convert_packaged
    from convert.packaged_source import recognise_packaged

    refuse_quantised(checkpoint)
    packaged = recognise_packaged(checkpoint, file)
    return None if packaged is None else convert_packaged(wish, choice, packaged)


def _by_graph(wish: Wish, source: GraphSource, choice: Choice, why: str | None) -> Conversion:
    """Convert by the graph; ``why`` says why a table that fits was not taken."""
    from convert.graph_conversion import GraphRequest, convert_graph

    if wish.target.suffix == ".params":
        raise ConversionError(
            f"{wish.target}: a graph is converted to .safetensors; its parameters are .params "
            f"already"
        )
    if not wish.classifier:
        raise ConversionError(
            f"{source.symbol}: --no-classifier needs a model of the catalogue, and a graph is "
            f"converted whole: leave it out"
        )
    request = GraphRequest(
        source.graph,
        source.symbol,
        source.symbol_sha256,
        source.checkpoint,
        wish.target,
        wish.precision,
        wish.shapes,
        force=wish.force,
        allow_nonfinite=wish.allow_nonfinite,
        ignore=choice.ignore,
        notes=(*source.notes, *([why] if why else ())),
        fetched=wish.fetched,
    )
    return convert_graph(request)


def _on_options(found: Fit) -> tuple[str, ...]:
    """A sentence on what a file of parameters does not tell of the network that it fits."""
    if found.dialect != "gluon" or not found.model.network.dilatable:
        return ()
    return (
        "parameters do not tell dilated=True, another epsilon (norm_kwargs) or, in flat names, "
        "avg_down=True: taken for the network without them; if yours has one, convert its graph, "
        "NAME-symbol.json",
    )


def _on_graphs(checkpoint: Checkpoint) -> tuple[str, ...]:
    """A sentence on networks of GluonCV that a file fits too and that are converted by graphs."""
    if not checkpoint.named or not networks_with(key_of(t.name for t in checkpoint.tensors)):
        return ()
    from convert.packaged_source import networks_fitting  # brings all operators

    if not (others := networks_fitting(checkpoint)):
        return ()
    return (f"it fits {first_few(others)} too: give the network's name if it is that",)


def _on_softmax(source: GraphSource) -> tuple[str, ...]:
    """A sentence on a graph that ends in a softmax: the network of a table ends before it."""
    from convert.computed import softmax_of

    if any(softmax_of(source.graph, head) for head in source.graph.heads):
        return ("the graph ends in a softmax; the network gives the logits before it",)
    return ()


def _raw(wish: Wish, choice: Choice) -> Conversion:
    from convert.formats.any_arrays import open_arrays
    from convert.raw import convert_raw

    if wish.source is None or wish.source == "synthetic":
        raise ConversionError("'raw' needs a file to convert: give one with --from FILE")
    if wish.precision not in ("float32", "keep"):  # float32 is what was not asked for
        raise ConversionError(
            f"'raw' takes every array as it is: leave out --dtype {wish.precision}"
        )
    arrays = open_arrays(wish.source, choice)
    return convert_raw(arrays, wish.target, force=wish.force, fetched=wish.fetched)


def _back(wish: Wish, source: str) -> Conversion | None:
    """Convert a checkpoint that came from a graph back; None for any other source."""
    from convert.formats.graph_checkpoint import is_graph_checkpoint, open_graph_checkpoint

    if not is_graph_checkpoint(source):
        return None
    from convert.graph_back import convert_back

    checkpoint = open_graph_checkpoint(source)
    return convert_back(checkpoint, wish)


def _fitting(wish: Wish, source: GraphSource) -> tuple[Fit | None, str | None]:
    """How a graph's parameters fit the model that is named, or for ``auto`` the one model that they
    fit and whose network computes what the graph computes; None if the graph is needed, with the
    reason if names and shapes fit a model.

    Raises ReconcileError if the named model does not fit, FormatError for quantised weights.
    """
    from convert.graph_agreement import disagreement

    auto, checkpoint = wish.name == "auto", source.checkpoint
    if auto:
        refuse_quantised(checkpoint)
        fits = all_fits(checkpoint, wish.classifier)
    else:
        fits = (fit(checkpoint, find_model(wish.name), wish.classifier),)
    agreeing, differing = [], []
    for found in fits:
        if (differs := disagreement(source.graph, checkpoint, found)) is None:
            agreeing.append(found)
        else:
            differing.append(f"{found.model.name}, but {differs}")
    if len(agreeing) == 1:
        return agreeing[0], None
    if agreeing:
        names = " and ".join(found.model.name for found in agreeing)
        why = f"names, shapes and the graph fit {names} equally well"
    elif differing:
        why = f"names and shapes fit {'; and '.join(differing)}"
    else:
        return None, None
    if not auto:
        raise ReconcileError(f"{source.symbol}: {why}: convert it with 'graph' instead of its name")
    return None, f"{why}: converted by its graph"
