"""Is a folder the release that was made, every byte of it, and does it hold?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from architectures import Model, find_model
from architectures.load import create
from convert.formats import open_checkpoint
from verify.parity import verify_architecture
from verify.publish.errors import PublishError
from verify.publish.release import GITATTRIBUTES
from verify.publish.signature import SIGNATURE, check_signature
from verify.publish.statement import WEIGHTS, read_results
from verify.publish.sums import check_sums
from verify.publish.synthetic import is_synthetic
from verify.result import Parity

NEEDED = (WEIGHTS, "config.json", "README.md", "provenance.json", "parity/parity.json")


@dataclass(frozen=True)
class Release:
    """A release whose files are as they were written.

    ``files`` has the sha256 of each by path; ``signed`` says that there is a signature, which was
    checked where a key was given; ``results`` are those of its statement.
    """

    folder: Path
    files: dict[str, str]
    signed: bool
    results: dict[str, Any]


def check_files(folder: Path, public_key: bytes | None = None) -> Release:
    """Check signature (with the PEM of a key), sums and statement of a release.

    Raises PublishError that names what was changed.
    """
    files = check_sums(folder)
    if absent := [name for name in NEEDED if name not in files]:
        raise PublishError(f"{folder / absent[0]}: no release is without it: fetch it again")
    _check_git(folder, files)
    if public_key is not None:
        check_signature(folder, public_key)
    results = read_results(folder)
    if results["sha256"] != files[WEIGHTS]:
        raise PublishError(
            f"{folder / 'provenance.json'}: is about a file with sha256 {results['sha256']}, "
            f"expected {files[WEIGHTS]}, that of {WEIGHTS}"
        )
    return Release(folder, files, SIGNATURE in files, results)


def check_release(folder: Path, public_key: bytes | None = None) -> tuple[Release, Parity]:
    """Check a release wholly: its files, its weights in the network, and the network's parity.

    Raises PublishError, or FormatError for weights that do not load.
    """
    release = check_files(folder, public_key)
    model = find_model(release.results["model"])
    _check_weights(folder, model)
    parity = verify_architecture(model)
    if not parity.passed:
        raise PublishError(f"{folder}: parity of its network fails here: {parity.failure()}")
    return release, parity


def _check_git(folder: Path, files: dict[str, str]) -> None:
    """What git reads is no part of a signature: it must be what every release has."""
    for name in files:
        if name.startswith(".git") and name != ".gitattributes":
            raise PublishError(f"{folder / name}: is no part of a release: remove it")
    attributes = folder / ".gitattributes"
    if not attributes.is_file() or attributes.read_text(encoding="utf-8") != GITATTRIBUTES:
        raise PublishError(f"{attributes}: is not as every release has it: fetch it again")


def _check_weights(folder: Path, model: Model) -> None:
    checkpoint = open_checkpoint(folder / WEIGHTS)
    if is_synthetic(model, checkpoint):
        raise PublishError(f"{folder / WEIGHTS}: holds synthetic weights, which nobody releases")
    classes = create(model, folder / WEIGHTS).num_classes
    stated = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("num_classes")
    if stated != classes:
        raise PublishError(
            f"{folder / 'config.json'}: says {stated} classes, the weights have {classes}"
        )
