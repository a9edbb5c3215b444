"""Makes a release from a checkpoint and its evidence, and pushes it to a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from architectures import Model
from convert.formats.records import GRAPH
from mappings.errors import PublishError
from mappings.words import one_line
from verify.datasets.class_names import read_class_names
from verify.publish.check import check_files
from verify.publish.gate import pass_gate
from verify.publish.graph_card import GraphChoices
from verify.publish.graph_evidence import gather_graph
from verify.publish.graph_release import write_graph_release
from verify.publish.push import check_repository, push
from verify.publish.release import Options, write_release
from verify.publish.signature import check_key, public_pem


def publish(
    model: Model,
    checkpoint: Path,
    folder: Path,
    *,
    key: Path | None = None,
    repository: str | None = None,
    without_accuracy: str | None = None,
    class_names: Path | None = None,
    license: str | None = None,
    with_hashed_name: bool = False,
) -> dict[str, Any]:
    """Make the release ``folder`` of a checkpoint, and push it if ``repository`` is given.

    A folder that already holds the release of this checkpoint is pushed as it is. Returns what was
    done. Raises PublishError, and FormatError for a file that is not a checkpoint.
    """
    if repository is not None:
        check_repository(repository)
    if key is not None:
        check_key(key)
    gathered = pass_gate(model, checkpoint, without_accuracy)
    made = repository is None or not _is_there(folder)
    if made:
        classes = gathered.weights.num_classes
        names = None if class_names is None else read_class_names(class_names, classes)
        options = Options(names, license, key, repository, with_hashed_name)
        write_release(gathered, folder, options)
    found = check_files(folder, public_pem(key) if key else None)
    if found.sha256 != gathered.weights.sha256 or found.model != model:
        raise PublishError(
            f"{folder}: the folder holds the release of another checkpoint ({found.name}, "
            f"sha256 {found.sha256}): name another folder, or remove this one"
        )
    return {
        "folder": str(folder),
        "made": made,
        "model": model.name,
        "sha256": found.sha256,
        "signed": found.signed,
        "files": found.files,
        "results": found.results,
        "pushed": push(folder, repository, found.files) if repository else None,
    }


def publish_graph(
    checkpoint: Path,
    folder: Path,
    *,
    key: Path | None = None,
    repository: str | None = None,
    without_accuracy: str | None = None,
    license: str | None = None,
) -> dict[str, Any]:
    """The same for a checkpoint that came from a graph."""
    if repository is not None:
        check_repository(repository)
    if key is not None:
        check_key(key)
    evidence = gather_graph(checkpoint, without_accuracy)
    made = repository is None or not _is_there(folder)
    if made:
        choices = GraphChoices(license and one_line(license), repository)
        write_graph_release(evidence, folder, choices, key)
    found = check_files(folder, public_pem(key) if key else None)
    if found.sha256 != evidence.sha256:
        raise PublishError(
            f"{folder}: the folder holds the release of another checkpoint (sha256 "
            f"{found.sha256}): name another folder, or remove this one"
        )
    return {
        "folder": str(folder),
        "made": made,
        "model": GRAPH,
        "sha256": found.sha256,
        "signed": found.signed,
        "files": found.files,
        "results": found.results,
        "pushed": push(folder, repository, found.files) if repository else None,
    }


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
