"""Judges a converted file, and leaves the verdict beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from architectures import Model, find_model
from convert.formats.records import (
    GRAPH,
    PARITY,
    PROVENANCE,
    RAW,
    find_record,
    read_record,
    write_record,
)
from convert.formats.regular import sha256
from mappings.choice import NO_CHOICE, Choice
from mappings.errors import FormatError, GluonportError, SourceError
from verify.parity.result import Parity

if TYPE_CHECKING:
    from verify.parity.converted_checkpoint import Converted
    from verify.parity.graphs.converted_graph import ConvertedGraph


def prove_checkpoint(
    model: Model, path: str, source: str | None, reference: str, choice: Choice
) -> Parity:
    """Judge a checkpoint of a model against its source, and leave ``out.parity.json`` beside it.

    Raises a GluonportError for a file that is not the model's, or whose source cannot be had.
    """
    from verify.parity.compare import verify_checkpoint
    from verify.parity.converted_checkpoint import open_converted
    from verify.parity.named_model import demand_model

    demand_model(model, Path(path))
    converted = open_converted(model, path, source, choice)
    result = verify_checkpoint(converted, reference)
    digest = converted.checkpoint.files[0].sha256()
    converted.require_unchanged()
    write_record(Path(path), PARITY, {PARITY.digest: digest, **result.as_json()})
    return result


def prove_graph(
    path: str, source: str | None, reference: str, shapes: Mapping[str, tuple[int, ...]]
) -> Parity:
    """Judge a checkpoint that came from a graph, and leave ``out.parity.json`` beside it.

    ``shapes`` are those of the graph's inputs. Raises as ``prove_checkpoint`` does.
    """
    from verify.graphs.packaged_name import packaged_inputs
    from verify.parity.graphs.converted_graph import open_converted_graph
    from verify.parity.graphs.graph_proof import verify_graph

    if reference == "live" and not shapes:
        shapes = packaged_inputs(path)
    converted = open_converted_graph(path, source, shapes, needs_symbol=reference == "live")
    result = verify_graph(converted, reference, shapes)
    digest = converted.checkpoint.checkpoint.files[0].sha256()
    converted.require_unchanged()
    write_record(Path(path), PARITY, {PARITY.digest: digest, **result.as_json()})
    return result


def prove_file(path: str, reference: str) -> Parity:
    """Judge a converted file as what its provenance says that it is. Raises as the others do, and
    FormatError without a provenance."""
    model = _model(path)
    if model is None:
        return prove_graph(path, None, reference, {})
    return prove_checkpoint(model, path, None, reference, NO_CHOICE)


def proven_before(path: str, reference: str) -> Parity | None:
    """The verdict beside a file, if it passed, of this very file and this reference, by this
    version of gluonport, and if its source is unchanged too; else None."""
    try:
        known = read_record(Path(path), PARITY)
        result = Parity.from_json(known)
        digest = sha256(path)
        fits = (
            known.get(PARITY.digest) == read_record(Path(path), PROVENANCE)[PROVENANCE.digest]
            and known.get(PARITY.digest) == digest
            and result.environment.get("gluonport") == version("gluonport")
        )
        if not (fits and result.passed and known.get("reference") == reference):
            return None
        _open(path, reference).require_unchanged()  # which compares the hash of its source
    except (GluonportError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return replace(result, checkpoint=path)


def _open(path: str, reference: str) -> Converted | ConvertedGraph:
    model = _model(path)
    if model is None:
        from verify.parity.graphs.converted_graph import open_converted_graph  # brings torch

        return open_converted_graph(path, None, {}, needs_symbol=reference == "live")
    from verify.parity.converted_checkpoint import open_converted

    return open_converted(model, path, None)


def _model(path: str) -> Model | None:
    """The model that a provenance names; None for a graph."""
    if not Path(path).exists():
        raise FormatError(path, "there is no such file; check the path")
    if not find_record(Path(path), PROVENANCE).exists():
        raise SourceError(
            f"{path}: no provenance beside it names its model: name it yourself, verify parity "
            f"NAME --checkpoint {path}"
        )
    model = read_record(Path(path), PROVENANCE).get("model")
    if model == RAW:
        raise SourceError(
            f"{path}: its arrays were taken as they are, for no network ('raw'): there is nothing "
            f"to prove"
        )
    if not isinstance(model, str):
        raise FormatError(path, "its provenance does not name its model: convert it again")
    return None if model == GRAPH else find_model(model)
