"""From a checkpoint with its evidence to a release, and on to a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from architectures import Model
from mappings.errors import PublishError
from verify.datasets.class_names import read_class_names
from verify.publish.check import check_files
from verify.publish.gate import pass_gate
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
    labels: Path | None = None,
    license: str | None = None,
    with_hashed_name: bool = False,
) -> dict[str, Any]:
    """Make the release ``folder`` of a checkpoint, and push it where ``repository`` is given.

    A folder that is the release of this checkpoint already is pushed as it is. Returns what was
    done. Raises PublishError, and FormatError for a file that is no checkpoint.
    """
    if repository is not None:
        check_repository(repository)
    if key is not None:
        check_key(key)
    gathered = pass_gate(model, checkpoint, without_accuracy)
    made = repository is None or not _is_there(folder)
    if made:
        names = read_class_names(labels, gathered.weights.num_classes) if labels else None
        options = Options(names, license, key, repository, with_hashed_name)
        write_release(gathered, folder, options)
    found = check_files(folder, public_pem(key) if key else None)
    if found.sha256 != gathered.weights.sha256 or found.model != model:
        raise PublishError(
            f"{folder}: is the release of another checkpoint ({found.model.name}, sha256 "
            f"{found.sha256}): name another folder, or remove it"
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


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
