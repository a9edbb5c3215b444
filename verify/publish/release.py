"""The release folder: every file of it, in the order in which each can state the one before."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convert.formats.appearing import appearing_folder
from verify.publish.card import card
from verify.publish.config import config
from verify.publish.errors import PublishError
from verify.publish.gate import Gathered
from verify.publish.labels import default_labels
from verify.publish.literature import origin
from verify.publish.signature import sign
from verify.publish.statement import WEIGHTS, statement
from verify.publish.sums import SUMS, sha256, sums_text
from verify.report import write_report

GITATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


@dataclass(frozen=True)
class Choices:
    """What the publisher says of a release, beyond the evidence.

    ``labels`` are the class names; ``license`` is the hub's identifier of the weights' licence;
    ``key`` signs; ``repository`` is the name on a hub that the card tells its readers;
    ``hashed_name`` adds the weights under a name that ends in their hash.
    """

    labels: tuple[str, ...] | None = None
    license: str | None = None
    key: Path | None = None
    repository: str | None = None
    hashed_name: bool = False


def write_release(gathered: Gathered, target: Path, choices: Choices) -> None:
    """Make the folder ``target``. The same evidence and choices give the same bytes, but for a
    signature, which is random by nature.

    Raises WriteError where the folder is there already, and PublishError where the checkpoint
    changed meanwhile.
    """
    labels = choices.labels or default_labels(gathered)
    license = choices.license
    if license is None and gathered.as_published:
        license = origin(gathered.model).license
    with appearing_folder(target) as folder:
        shutil.copyfile(gathered.path, folder / WEIGHTS)
        if sha256(folder / WEIGHTS) != gathered.sha256:
            raise PublishError(f"{gathered.path}: changed while it was published: do it again")
        if choices.hashed_name:
            os.link(folder / WEIGHTS, folder / hashed_name(gathered))
        _write(folder / "config.json", _json(config(gathered, labels, license)))
        byproducts = ["parity/parity.json", "parity/index.html"]
        write_report([replace(gathered.parity, checkpoint=WEIGHTS)], folder / "parity", folder)
        if gathered.accuracy is not None:
            _write(folder / "accuracy.json", _json(_without_paths(gathered.accuracy)))
            byproducts.append("accuracy.json")
        _write(folder / "provenance.json", _json(statement(gathered, folder, tuple(byproducts))))
        _write(
            folder / "README.md",
            card(gathered, labels, license, choices.repository, signed=choices.key is not None),
        )
        _write(folder / ".gitattributes", GITATTRIBUTES)
        if choices.key is not None:
            sign(folder, choices.key)
        _write(folder / SUMS, sums_text(folder))


def hashed_name(gathered: Gathered) -> str:
    """The weights' name in the way of model zoos: ``NAME-<first 8 of sha256>.safetensors``."""
    return f"{gathered.model.name}-{gathered.sha256[:8]}.safetensors"


def _without_paths(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without the paths of the machine that made it."""
    return {
        key: Path(value).name if isinstance(value, str) and os.path.isabs(value) else value
        for key, value in record.items()
    }


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
