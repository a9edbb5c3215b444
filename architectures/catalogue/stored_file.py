"""The files of the stores of GluonCV and MXNet, of all their generations.

A figure belongs to a file's hash. So each file has a name of its own here: ``gluon_NAME`` is the
one that GluonCV 0.10.5 takes, ``mxnet_NAME`` the one that MXNet 1.9.1 takes, ``mxnet2017_NAME``
one of its first generation, and ``gluon_NAME-HASH`` one that a table of GluonCV names by 8 digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from architectures.catalogue.printed_figure import PrintedFigure
from architectures.catalogue.source import GLUON_REPOSITORY


@dataclass(frozen=True)
class StoredFile:
    """One file: ``stored`` is its name in the store and ``network`` what GluonCV calls its network.

    ``sha1`` is of the ``.params``: 40 hex digits, or the 8 that are known. ``store`` says whose it
    is. ``converted_from_torchvision``: MXNet's documentation says that the weights are
    torchvision's.
    """

    name: str
    store: str
    stored: str
    sha1: str
    network: str
    figures: tuple[PrintedFigure, ...]
    converted_from_torchvision: bool = False

    @property
    def stem(self) -> str:
        """The file's name in the store without its ending, ``resnet50_v1-cc729d95``."""
        return f"{self.stored}-{self.sha1[:8]}"

    @property
    def url(self) -> str:
        """Where the store has it, in a zip."""
        return f"{GLUON_REPOSITORY}gluon/models/{self.stem}.zip"


@cache
def stored_files() -> tuple[StoredFile, ...]:
    """Every file that the stores have or had, as far as their hashes are known."""
    text = (files("architectures") / "zoo" / "stores.json").read_text("utf-8")
    return tuple(_read(values) for values in json.loads(text)["files"])


def file_called(name: str) -> StoredFile | None:
    """The file of this name, with or without ``gluon_``, or of this stem in the store."""
    return _by_name().get(name)


def file_of(sha1: str) -> StoredFile | None:
    """The file whose ``.params`` has this SHA-1; GluonCV's name of it where several stores have
    it."""
    known = _by_sha1()
    return known.get(sha1) or known.get(sha1[:8])


def file_of_network(network: str) -> StoredFile | None:
    """The weights that GluonCV takes for a network of its own; None if it has none."""
    return next((file for file in stored_files() if file.network == network), None)


@cache
def _by_name() -> Mapping[str, StoredFile]:
    found: dict[str, StoredFile] = {}
    for file in stored_files():
        for name in (file.name, file.name.removeprefix("gluon_"), file.stem):
            found.setdefault(name, file)
    return found


@cache
def _by_sha1() -> Mapping[str, StoredFile]:
    found: dict[str, StoredFile] = {}
    for file in stored_files():
        found.setdefault(file.sha1, file)
    return found


def _read(values: Mapping[str, Any]) -> StoredFile:
    figures = tuple(
        PrintedFigure(f["table"], f["row"], f["printed"], f["weights"]) for f in values["figures"]
    )
    return StoredFile(**{**values, "figures": figures})
