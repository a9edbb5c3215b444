"""Converts a network of a model zoo by its packaged graph: the parameters alone are needed."""

from __future__ import annotations

import math
from typing import Any

from architectures import GraphRecord
from convert.formats import open_checkpoint, refuse_quantised
from convert.packaged_source import PackagedSource, packaged_source
from convert.packaged_synthetic import packaged_synthetic
from convert.provenance import Conversion
from convert.sources.fetched import Fetched
from convert.sources.published import EACH_TENSOR, MARGIN
from convert.sources.zoo import fetch_gluon
from convert.wish import Wish
from mappings.choice import Choice
from mappings.errors import ConversionError, DownloadError


def convert_packaged(wish: Wish, choice: Choice, found: GraphRecord | PackagedSource) -> Conversion:
    """Convert a file, or the published one, by a packaged graph, or a checkpoint of it back.

    Raises ReconcileError for a file of another network, DownloadError for published parameters that
    cannot be had, and what ``convert_graph`` does.
    """
    from convert.graph_conversion import GraphRequest, convert_graph

    record = found if isinstance(found, GraphRecord) else found.record
    name = record.name
    if wish.target.suffix == ".params":
        return _back(wish, record)
    if not wish.classifier:
        raise ConversionError(
            f"{name}: --no-classifier needs a model with a table, and a graph is converted whole: "
            f"leave it out"
        )
    fetched = wish.fetched
    if isinstance(found, GraphRecord):
        if wish.source == "synthetic":
            checkpoint = packaged_synthetic(found)
        elif wish.source is None:
            fetched = _published(found)
            checkpoint = open_checkpoint(fetched.path, choice)
        else:
            checkpoint = open_checkpoint(wish.source, choice)
        refuse_quantised(checkpoint)
        found = packaged_source(found, checkpoint)
    request = GraphRequest(
        found.graph,
        None,
        found.symbol_sha256,
        found.checkpoint,
        wish.target,
        wish.precision,
        force=wish.force,
        allow_nonfinite=wish.allow_nonfinite,
        ignore=choice.ignore,
        notes=(f"by the packaged graph of {record.name}", *found.notes),
        packaged=_described(found),
        known=found.naming,
        fetched=fetched,
    )
    return convert_graph(request)


def _back(wish: Wish, record: GraphRecord) -> Conversion:
    """Convert a checkpoint of the network back, under the names of the file that it came from."""
    from convert.formats.graph_checkpoint import is_graph_checkpoint, open_graph_checkpoint
    from convert.graph_back import convert_back

    source = wish.source
    if source in (None, "synthetic") or not is_graph_checkpoint(str(source)):
        raise ConversionError(
            f"{wish.target}: {record.name} is converted by its graph, to .safetensors; the way "
            f"back to .params takes that file and the provenance beside it: --from FILE.safetensors"
        )
    checkpoint = open_graph_checkpoint(str(source))
    about = checkpoint.provenance.get("packaged_graph")
    network = about.get("network") if isinstance(about, dict) else None
    if network != record.network:
        made = "another graph" if network is None else f"the graph of {network}"
        raise ConversionError(
            f"{source}: it was made by {made}, not by that of {record.name}: "
            f"'convert graph {wish.target.name} --from {source}' goes back"
        )
    return convert_back(checkpoint, wish)


def _described(found: PackagedSource) -> dict[str, Any]:
    """What the provenance says of the packaged graph, and of the stored file that it was."""
    record, file = found.record, found.file
    return {
        "name": record.name,
        "network": record.network,
        "task": record.task,
        "classes": found.classes,
        "stored_file": file and {"name": file.name, "store": file.store, "sha1": file.sha1},
    }


def _published(record: GraphRecord) -> Fetched:
    if record.file is None:
        raise DownloadError(f"{record.name} was never published: give a file with --from FILE")
    sizes = [math.prod(tensor.shape) for tensor in record.graph.tensors()]
    most = MARGIN * sum(4 * size + EACH_TENSOR for size in sizes)
    path = fetch_gluon(record.file.stored, record.file.sha1, most=most)
    return Fetched(path, record.file.url)
