"""Makes a release folder; each file is written before the files that state its sha256."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convert.formats.appearing import appearing_folder
from convert.formats.regular import sha256
from mappings.errors import PublishError
from mappings.words import one_line
from verify.publish.card import card
from verify.publish.gate import Gathered
from verify.publish.signature import sign
from verify.publish.statement import CONFIG, PROVENANCE, WEIGHTS, Choices, Maker, statement
from verify.publish.sums import SUMS, sums_text
from verify.publish.timm_config import config
from verify.report.page import write_report

GITATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
CARD = "README.md"
PARITY, PAGE, ACCURACY = "parity/parity.json", "parity/index.html", "accuracy.json"


@dataclass(frozen=True)
class Options:
    """What the publisher asks for.

    ``license`` is the hub's identifier of the weights' licence; ``key`` signs the release;
    ``repository`` is its name on a hub, which the card mentions; ``hashed_name`` stores the weights
    also under a name that ends in their hash.
    """

    class_names: tuple[str, ...] | None = None
    license: str | None = None
    key: Path | None = None
    repository: str | None = None
    hashed_name: bool = False

    def choices(self, gathered: Gathered) -> Choices:
        """These options, completed by the evidence."""
        license = self.license
        if license is None and gathered.as_published:
            license = gathered.model.source.origin.license
        return Choices(
            class_names=self.class_names or gathered.default_class_names,
            license=license and one_line(license),
            repository=self.repository,
            signed=self.key is not None,
        )


def write_release(gathered: Gathered, target: Path, options: Options) -> None:
    """Make the folder ``target``. The same evidence and options give the same bytes, except for a
    signature, which is always random.

    Raises WriteError if the folder exists, and PublishError if the checkpoint changed meanwhile.
    """
    weights, choices = gathered.weights, options.choices(gathered)
    with appearing_folder(target) as folder:
        shutil.copyfile(weights.path, folder / WEIGHTS)
        if sha256(folder / WEIGHTS) != weights.sha256:
            raise PublishError(
                f"{weights.path}: the file changed while it was published: publish it again"
            )
        if options.hashed_name:
            os.link(folder / WEIGHTS, folder / hashed_name(gathered))
        write_parity(gathered, folder)
        byproducts = [PARITY, PAGE]
        if gathered.accuracy is not None:
            _write(folder / ACCURACY, _json(gathered.accuracy.as_json()))
            byproducts.append(ACCURACY)
        digests = {name: sha256(folder / name) for name in byproducts}
        for name, text in texts(gathered, choices, Maker.here(gathered.parity), digests).items():
            _write(folder / name, text)
        (folder / ".gitattributes").write_bytes(GITATTRIBUTES)
        if options.key is not None:
            sign(folder, options.key)
        _write(folder / SUMS, sums_text(folder))


def write_parity(gathered: Gathered, folder: Path) -> None:
    """Write the page and the record of parity into the release ``folder``."""
    write_report([replace(gathered.parity, checkpoint=WEIGHTS)], folder / "parity", folder)


def texts(
    gathered: Gathered, choices: Choices, maker: Maker, byproducts: Mapping[str, str]
) -> dict[str, str]:
    """The text files that follow from the evidence, by name; ``byproducts`` has the sha256 of each
    file with evidence."""
    return {
        CONFIG: _json(config(gathered, choices)),
        PROVENANCE: _json(statement(gathered, choices, maker, byproducts)),
        CARD: card(gathered, choices, maker),
    }


def hashed_name(gathered: Gathered) -> str:
    """The name that model zoos give to weights: ``NAME-<first 8 of sha256>.safetensors``."""
    return f"{gathered.model.name}-{gathered.weights.sha256[:8]}.safetensors"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
