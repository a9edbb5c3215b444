"""Is a conversion done already, of the same source and in the same way?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.formats import Checkpoint
from convert.formats.records import GRAPH, PROVENANCE, find_record, read_record
from convert.formats.regular import sha256
from mappings.choice import Choice
from mappings.errors import ConversionError, FormatError


def finished(
    name: str, out: Path, source: str | None, dtype: str, classifier: bool, choice: Choice
) -> dict[str, Any] | None:
    """The provenance of ``out`` if it is what this conversion would give; None if there is no such
    file. ``source`` is a file, a graph, ``synthetic``, or None for the published checkpoint.

    The hashes of the target and of its source must be those that stand in the provenance. Raises
    ConversionError for a file that is anything else.
    """
    if not os.path.lexists(out):
        return None
    try:
        known = read_record(out, PROVENANCE)
        why = _difference(known, name, out, source, dtype, classifier, choice)
    except FormatError as error:
        why = f"nothing proves what it is ({error})"
    if why is None:
        return known
    raise ConversionError(f"{out}: already exists, and {why}: --force replaces it")


def _difference(
    known: Mapping[str, Any],
    name: str,
    out: Path,
    source: str | None,
    dtype: str,
    classifier: bool,
    choice: Choice,
) -> str | None:
    """How a finished conversion differs from the one that is asked for; None if it does not."""
    record = find_record(out, PROVENANCE).name
    if known.get(PROVENANCE.digest) != sha256(out):
        return f"it is not the file that {record} tells of"
    packaged = known.get("packaged_graph")
    made = packaged.get("name") if isinstance(packaged, dict) else known.get("model")
    if name != "auto" and made != name:
        return f"it is a checkpoint of {made}"
    if known.get("dtype") != dtype:
        return f"its precision is {known.get('dtype')}"
    if known.get("ignore") != list(choice.ignore):
        return "other tensors were left out of it (--ignore)"
    if made != GRAPH and packaged is None and not classifier and known.get("num_classes") != 0:
        return "it has a classifier"
    if classifier and known.get("num_classes") == 0 and source in (None, "synthetic"):
        return "it has no classifier"
    if known.get("model") == GRAPH and not out.with_suffix(".py").is_file():
        return f"its network, {out.with_suffix('.py').name}, is missing"
    return _other_source(known, source, choice)


def _other_source(known: Mapping[str, Any], source: str | None, choice: Choice) -> str | None:
    """How the source is another one than the recorded one; None if it is the same."""
    recorded = str(known.get("source"))
    if source == "synthetic" or known.get("synthetic"):
        same = source == "synthetic" and bool(known.get("synthetic"))
        return None if same else f"its source is {recorded}"
    if source is None and not os.path.lexists(recorded):
        # The published checkpoint was removed from its cache after its hash was checked.
        return None if known.get("source_url") else f"its source {recorded} is missing"
    checkpoint, symbol = _opened(recorded if source is None else source, choice)
    if symbol not in (None, known.get("symbol_sha256", symbol)):
        return "it was converted from another graph"
    if (checkpoint.weights, checkpoint.averaged) != (known.get("weights"), known.get("ema")):
        return "it was converted from other weights of the same file"
    first, *shards = checkpoint.files
    found = {file.path.name: file.sha256() for file in shards}
    if first.sha256() != known.get("source_sha256") or found != known.get("source_shards"):
        return "it was converted from another file than lies there now"
    checkpoint.require_unchanged()
    return None


def _opened(source: str, choice: Choice) -> tuple[Checkpoint, str | None]:
    """The parameters at a source, and the sha256 of its graph if it is one."""
    from convert.graph_source import find_graph, is_graph_source

    if is_graph_source(source):
        graph = find_graph(source, None, choice)
        return graph.checkpoint, graph.symbol_sha256
    from convert.formats import open_checkpoint

    return open_checkpoint(source, choice), None
