"""A folder that holds every finished chunk of a run, so that a crash costs the chunk in hand."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from convert.formats.appearing import write_text
from convert.formats.json_text import read_json_object
from convert.formats.regular import read_bytes
from convert.formats.staging import remove_leftover
from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.identity import Identity, differences
from verify.accuracy.manifest import Manifest
from verify.accuracy.prediction import Prediction, from_csv, to_csv

RUN, MANIFEST, SEAL = "run.json", "manifest.csv", "#sha256,"

MAX_RUN, MAX_CHUNK = 1 << 20, 1 << 28
"""Bytes of a ``run.json``, which has one thousand, and of a chunk's file, which has a few hundred
for each image of a batch."""


class Ledger:
    """``run.json`` (the identity), ``manifest.csv``, and a file for each finished chunk.

    A chunk's file is its predictions as CSV and a last line that seals them: the hash of the run's
    identity, the chunk's number and the text. It doesn't depend on who wrote it, or when.
    """

    def __init__(self, folder: Path, identity: Identity, manifest: Manifest, classes: int) -> None:
        """Open or begin a ledger; ``classes`` is how many classes an answer has.

        Raises AccuracyError if the folder holds another run, and says what differs. This and all
        methods raise FormatError for a file that cannot be read.
        """
        self.folder, self.identity, self.classes = folder, identity, classes
        self.manifest, self.chunks = manifest, manifest.chunks(identity.batch_size)
        folder.mkdir(parents=True, exist_ok=True)
        run = folder / RUN
        if os.path.lexists(run):
            self._check_same(run)
        elif any(folder.glob("[0-9]*.csv")):
            raise AccuracyError(f"{folder}: holds chunks but no {RUN}: name an empty folder")
        else:
            write_text(folder / MANIFEST, manifest.text)
            write_text(run, json.dumps(identity.as_json(), indent=1) + "\n")

    def missing(self) -> list[int]:
        """The chunks that have no file, or one that was cut short or changed."""
        return [chunk for chunk in range(len(self.chunks)) if self.read(chunk) is None]

    def read(self, chunk: int) -> list[Prediction] | None:
        """The predictions of a finished chunk; None if its file is missing or damaged."""
        path = self.path(chunk)
        return self._unseal(chunk, self.text(chunk)) if os.path.lexists(path) else None

    def text(self, chunk: int) -> str:
        """The text of a chunk's file, sealed or not."""
        return _text(self.path(chunk))

    def write(self, chunk: int, predictions: Iterable[Prediction]) -> None:
        """Keep a finished chunk, whole or not at all."""
        body = to_csv(predictions, self.classes)
        write_text(self.path(chunk), f"{body}{SEAL}{self._seal(chunk, body)}\n")

    def adopt(self, other: Path) -> None:
        """Take over the finished chunks of the same run in another folder.

        Raises AccuracyError if that folder is not a ledger, or one of another run.
        """
        if not os.path.lexists(other / RUN):
            raise AccuracyError(f"{other}: this is not a ledger: it has no {RUN}")
        self._check_same(other / RUN)
        for chunk in self.missing():
            path = other / self.path(chunk).name
            if os.path.lexists(path):
                self.accept(chunk, _text(path))

    def accept(self, chunk: int, text: str) -> None:
        """Take over the text of a chunk's file; a damaged one is ignored."""
        if self._unseal(chunk, text) is not None:
            write_text(self.path(chunk), text)

    def tidy(self) -> None:
        """Remove what killed writers left; a live one is waited for."""
        chunks = (self.path(chunk) for chunk in range(len(self.chunks)))
        for path in (self.folder / MANIFEST, self.folder / RUN, *chunks):
            remove_leftover(path)

    def path(self, chunk: int) -> Path:
        """The file of a chunk."""
        return self.folder / f"{chunk:06}.csv"

    def _check_same(self, run: Path) -> None:
        found = read_json_object(run, MAX_RUN)
        if other := differences(found, json.loads(json.dumps(self.identity.as_json()))):
            raise AccuracyError(
                f"{run.parent}: this is the ledger of another run, and runs are never mixed: "
                f"{first_few(other)}: name another --ledger"
            )

    def _seal(self, chunk: int, body: str) -> str:
        sealed = f"{self.identity.sha256}\n{chunk}\n{body}"
        return hashlib.sha256(sealed.encode("utf-8", "surrogateescape")).hexdigest()

    def _unseal(self, chunk: int, text: str) -> list[Prediction] | None:
        body, mark, seal = text.rpartition(SEAL)
        if not mark or seal != f"{self._seal(chunk, body)}\n":
            return None
        return from_csv(body, self.path(chunk))


def _text(path: Path) -> str:
    return read_bytes(path, MAX_CHUNK).decode("utf-8", "surrogateescape")
