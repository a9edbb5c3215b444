"""A checkpoint that came from a packaged graph, by the name of its network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from architectures import Model, find_network
from architectures.catalogue.packaged_graph import graph_index
from convert.formats.graph_checkpoint import is_graph_checkpoint
from convert.formats.records import GRAPH, PROVENANCE, read_record
from mappings.errors import FormatError


def names_graph(name: str, checkpoint: str | os.PathLike[str]) -> bool:
    """Whether a checkpoint is to be taken by its graph: it is called 'graph', or by the name of the
    packaged graph that it came from.

    Raises FormatError for a checkpoint that did not come from the packaged graph that is named.
    """
    if name == GRAPH:
        return True
    record = find_network(name)
    if isinstance(record, Model):
        return False
    network = _network(checkpoint)
    if network == record.network:
        return True
    made = f"it came from the graph of {network}" if network else "it came from no packaged graph"
    raise FormatError(
        checkpoint,
        f"this is not a checkpoint of {record.name}: {made}; 'gluonport inspect' says what it is",
    )


def packaged_inputs(checkpoint: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """Shapes that the packaged graph of a checkpoint runs with, by the names of its inputs; empty
    for a checkpoint that came from no packaged graph."""
    about = _about(checkpoint)
    return {} if about is None else {name: tuple(sizes) for name, sizes in about["inputs"].items()}


def packaged_image_size(checkpoint: str | os.PathLike[str]) -> int | None:
    """The side in pixels of the square images that GluonCV gives the network of a checkpoint's
    packaged graph; None where it is not known, or where the images are not square."""
    about = _about(checkpoint)
    size = None if about is None else about["preprocessing"].get("size")
    return size[0] if size and len(set(size)) == 1 else None


def _about(checkpoint: str | os.PathLike[str]) -> Mapping[str, Any] | None:
    """What the package knows of the network of a checkpoint's graph; None for another graph."""
    return graph_index().get(_network(checkpoint) or "")


def _network(checkpoint: str | os.PathLike[str]) -> str | None:
    """The network whose packaged graph a checkpoint came from, by its provenance."""
    if not is_graph_checkpoint(checkpoint):
        return None
    about = read_record(Path(checkpoint), PROVENANCE).get("packaged_graph")
    network = about.get("network") if isinstance(about, dict) else None
    return network if isinstance(network, str) else None
