"""Checks a release: every file is as it was written, and every claim holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from architectures import Model
from architectures.networks.load import create
from convert.formats.json_text import read_json_object
from convert.formats.records import GRAPH
from convert.formats.regular import read_bytes
from mappings.errors import FormatError, PublishError
from verify.parity.compare import verify_architecture
from verify.parity.result import Parity
from verify.publish.contents import check_contents
from verify.publish.graph_release import check_graph_release, graph_verdict
from verify.publish.read_statement import Stated
from verify.publish.release import CARD, GITATTRIBUTES, PAGE, PARITY
from verify.publish.signature import SIGNATURE, check_signature
from verify.publish.statement import CONFIG, PROVENANCE, WEIGHTS
from verify.publish.sums import check_sums

NEEDED = (WEIGHTS, CONFIG, CARD, PROVENANCE, PARITY, PAGE)


@dataclass(frozen=True)
class Release:
    """A release whose files are as they were written and agree with each other.

    ``files`` has the sha256 of each file by its path; ``signed`` says that there is a signature,
    which was checked if a key was given; ``results`` are those of the statement. ``model`` is None
    for a network that came from a graph.
    """

    folder: Path
    model: Model | None
    files: dict[str, str]
    signed: bool
    results: dict[str, Any]

    @property
    def name(self) -> str:
        """The model's name, or ``graph``."""
        return self.model.name if self.model else GRAPH

    @property
    def sha256(self) -> str:
        """The sha256 of the weights, in hex."""
        return self.files[WEIGHTS]


def check_files(folder: Path, public_key: bytes | None = None) -> Release:
    """Check the sums and the contents of a release, and its signature if a key (PEM) is given.

    Raises PublishError or FormatError, which names what was changed.
    """
    files = check_sums(folder)
    if _is_of_graph(folder):
        _check_git(folder, files)
        if public_key is not None:
            check_signature(folder, public_key)
        results = check_graph_release(folder, files)
        return Release(folder, None, files, SIGNATURE in files, results)
    if absent := [name for name in NEEDED if name not in files]:
        raise PublishError(f"{folder / absent[0]}: the file is missing: fetch the release again")
    _check_git(folder, files)
    if public_key is not None:
        check_signature(folder, public_key)
    stated = Stated.read(folder)
    if stated.sha256 != files[WEIGHTS]:
        raise PublishError(
            f"{stated.path}: the statement is about a file with sha256 {stated.sha256}; "
            f"expected {files[WEIGHTS]}, the sha256 of {WEIGHTS}"
        )
    check_contents(folder, files, stated)
    return Release(folder, stated.model, files, SIGNATURE in files, stated.results)


def check_release(folder: Path, public_key: bytes | None = None) -> tuple[Release, Parity]:
    """Check everything about a release: its files, that its weights load, its network's parity.

    Raises PublishError, or FormatError for weights that do not load.
    """
    release = check_files(folder, public_key)
    if release.model is None:
        return release, graph_verdict(folder)
    create(release.model, folder / WEIGHTS)  # loads strictly
    parity = verify_architecture(release.model)
    if not parity.passed:
        raise PublishError(
            f"{folder}: the parity of its network fails on this machine: {parity.failure()}"
        )
    return release, parity


def _is_of_graph(folder: Path) -> bool:
    """Whether the statement of a release is about a network that came from a graph."""
    try:
        statement = read_json_object(folder / PROVENANCE)
        return bool(statement["predicate"]["runDetails"]["gluonport_results"]["model"] == GRAPH)
    except (FormatError, KeyError, TypeError):
        return False


def _check_git(folder: Path, files: dict[str, str]) -> None:
    """Check the files that git reads, since a signature leaves them out."""
    for name in files:
        if name.startswith(".git") and name != ".gitattributes":
            raise PublishError(f"{folder / name}: the file is not part of a release: remove it")
    attributes = folder / ".gitattributes"
    same = attributes.name in files and read_bytes(attributes, 1 << 20) == GITATTRIBUTES
    if not same:
        raise PublishError(
            f"{attributes}: the file differs from that of every release: fetch it again"
        )
