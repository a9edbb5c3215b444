"""The whole conversion, from a source to a file that was reread and compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from architectures import find_model
from convert.fit import fit, identify
from convert.formats import Checkpoint, open_checkpoint
from convert.gluon_names import GluonNaming, gluon_names
from convert.graph_source import find_graph, is_graph_source
from convert.laid import Fit
from convert.precision import Precision
from convert.provenance import Conversion
from convert.request import Request
from convert.sources.published import fetch_published, largest
from convert.synthetic_source import synthetic_checkpoint
from convert.transfer import transfer
from mappings.choice import Choice
from mappings.errors import ConversionError, ReconcileError

if TYPE_CHECKING:
    from convert.graph_source import GraphSource

GRAPH = "graph"


def convert(
    name: str,
    out: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    dtype: Precision = "float32",
    *,
    naming: GluonNaming = "structural",
    force: bool = False,
    allow_nonfinite: bool = False,
    ema: bool | None = None,
    weights: str | None = None,
    ignore: Sequence[str] = (),
    classifier: bool = True,
    params: str | os.PathLike[str] | None = None,
) -> Conversion:
    """Convert a checkpoint to ``out``, with its provenance beside it.

    ``name`` is a model of the catalogue, ``auto`` to find it from names and shapes, or ``graph``.
    ``out`` ends in ``.safetensors`` (PyTorch's names), or ``.params`` (Gluon's, in the ``naming``
    asked for). ``source`` is a checkpoint file, an MXNet graph, or ``synthetic``; without it the
    published checkpoint is downloaded.

    A graph is a ``NAME-symbol.json``, its prefix or its folder; its weights are at ``params``, or
    else in the ``.params`` with the highest number beside it. ``auto`` takes a table of the
    catalogue if one fits, and the graph if none does; ``graph`` always takes the graph. A graph
    also gives ``OUT.py``, the source of its network.

    ``ema`` takes the averaged weights (True) or the last ones (False) of a file that
    has both, and ``weights`` takes the set under a key. ``ignore`` are patterns of names to leave
    out. ``classifier=False`` leaves out the classifier, or whatever head the file has. The target
    is reread and compared byte for byte before it takes its name.

    Raises a GluonportError that says what failed; a target that stood there before is unchanged.
    """
    target = Path(out)
    _check_target(target, force)
    choice = Choice(ema, weights, tuple(ignore))
    where = None if source is None else os.fspath(source)
    if name in ("auto", GRAPH):
        if where is None or where == "synthetic":
            raise ConversionError(f"{name!r} needs a file to convert: give one with --from FILE")
        if target.suffix == ".params" and (done := _back(where, target, force, allow_nonfinite)):
            return done
    given = None if params is None else os.fspath(params)
    if name == GRAPH or given is not None or (where is not None and is_graph_source(where)):
        if where is None:
            raise ConversionError("--params needs the graph that it belongs to: --from GRAPH")
        graph = find_graph(where, given, choice)
        fitting = None if name == GRAPH else _fitting(name, graph, classifier)
        if fitting is None:
            return _by_graph(graph, target, dtype, force, allow_nonfinite)
        found, checkpoint, url = fitting, graph.checkpoint, None
    else:
        found, checkpoint, url = _by_table(name, where, choice, classifier)
    request = Request(
        found,
        checkpoint,
        target,
        dtype,
        names=gluon_names(found.model, naming) if target.suffix == ".params" else None,
        url=url,
        ignore=choice.ignore,
        allow_nonfinite=allow_nonfinite,
        force=force,
    )
    return transfer(request)


def _by_table(
    name: str, source: str | None, choice: Choice, classifier: bool
) -> tuple[Fit, Checkpoint, str | None]:
    """How a source fits its model, the source, and the url that it was downloaded from."""
    if name == "auto":
        checkpoint = open_checkpoint(str(source), choice)
        return identify(checkpoint, classifier), checkpoint, None
    model = find_model(name)
    if source == "synthetic":
        checkpoint = synthetic_checkpoint(model)
    elif source is not None:
        checkpoint = open_checkpoint(source, choice)
    else:
        fetched = fetch_published(model.source, most=largest(model))
        checkpoint = open_checkpoint(fetched, choice)
        return fit(checkpoint, model, classifier), checkpoint, model.source.url
    return fit(checkpoint, model, classifier), checkpoint, None


def _by_graph(
    source: GraphSource, target: Path, dtype: Precision, force: bool, allow_nonfinite: bool
) -> Conversion:
    from convert.graph_conversion import GraphRequest, convert_graph

    if target.suffix == ".params":
        raise ConversionError(
            f"{target}: a graph is converted to .safetensors; its parameters are .params already"
        )
    request = GraphRequest(
        source.graph,
        source.symbol,
        source.symbol_sha256,
        source.checkpoint,
        target,
        dtype,
        force=force,
        allow_nonfinite=allow_nonfinite,
        notes=source.notes,
    )
    return convert_graph(request)


def _back(source: str, target: Path, force: bool, allow_nonfinite: bool) -> Conversion | None:
    """Convert a checkpoint that came from a graph back; None for any other source."""
    from convert.formats.graph_checkpoint import is_graph_checkpoint, open_graph_checkpoint

    if not is_graph_checkpoint(source):
        return None
    from convert.graph_back import convert_back

    checkpoint = open_graph_checkpoint(source)
    return convert_back(checkpoint, target, force=force, allow_nonfinite=allow_nonfinite)


def _fitting(name: str, source: GraphSource, classifier: bool) -> Fit | None:
    """How a graph's parameters fit the model ``name``, or for ``auto`` the one model that they fit;
    None if they fit none, so that the graph is needed."""
    if name != "auto":
        return fit(source.checkpoint, find_model(name), classifier)
    try:
        return identify(source.checkpoint, classifier)
    except ReconcileError:
        return None


def _check_target(target: Path, force: bool) -> None:
    if target.suffix not in (".safetensors", ".params"):
        raise ConversionError(f"{target}: expected a name that ends in .safetensors or .params")
    if not target.parent.is_dir():
        raise ConversionError(f"{target}: the folder {target.parent} does not exist: create it")
    if target.is_dir():
        raise ConversionError(f"{target}: is a folder, expected the name of a file")
    if target.exists() and not force:
        raise ConversionError(f"{target}: already exists: --force replaces it")
