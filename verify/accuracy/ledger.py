"""A folder that holds every finished chunk of a run, so that a crash costs the chunk in hand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from math import isqrt
from pathlib import Path

from convert.formats.json_text import json_object
from mappings.errors import AccuracyError
from mappings.words import first_few
from verify.accuracy.chunk_folder import CODE, ChunkFolder, chunk_name
from verify.accuracy.file_store import FileStore, LocalFolder
from verify.accuracy.identity import Identity, differences
from verify.accuracy.manifest import Manifest
from verify.accuracy.object_store import ObjectFolder
from verify.accuracy.prediction import Prediction, from_csv, to_csv
from verify.datasets.cloud import is_cloud

RUN, MANIFEST, SEAL = "run.json", "manifest.csv", "#sha256,"

MAX_RUN = 1 << 20
"""Bytes of a ``run.json``, which has one thousand."""

FEW = 10_000
"""Chunks that a folder holds in a file each; of more, each writer packs its own."""


class Ledger:
    """``run.json`` (the identity), ``manifest.csv``, and the finished chunks, each in a file of its
    own or in a pack.

    A chunk's text is its predictions as CSV and a last line that seals them: the hash of the run's
    identity, the chunk's number and the text. It doesn't depend on who wrote it, or when.
    """

    def __init__(
        self,
        folder: Path | str,
        identity: Identity,
        manifest: Manifest,
        classes: int,
        writers: int = 1,
    ) -> None:
        """Open or begin a ledger; ``classes`` is how many classes an answer has, and ``writers``
        how many processes write to it.

        Raises AccuracyError if the folder holds another run, and says what differs. This and all
        methods raise FormatError for a file that cannot be read.
        """
        self.folder, self.identity, self.classes = folder, identity, classes
        self.manifest, self.chunks = manifest, manifest.chunks(identity.batch_size)
        self._run = identity.sha256
        self.store: FileStore = store_of(folder)
        self.store.make()
        self.files = ChunkFolder(self.store).refresh()
        self._many = len(self.chunks) > FEW
        # With this many chunks in a pack, there are about as many packs as files beside them.
        self._together = max(2, isqrt(len(self.chunks) // writers))
        self._own: dict[int, str] = {}
        self._lock = threading.Lock()
        if self.store.exists(RUN):
            self._check_same(self.store)
        elif self.files.loose or self.files.packs:
            raise AccuracyError(f"{folder}: holds chunks but no {RUN}: name an empty folder")
        else:
            self.store.write(MANIFEST, manifest.pieces())
            if not self.store.begin(RUN, json.dumps(identity.as_json(), indent=1) + "\n"):
                self._check_same(self.store)  # another run has just begun here

    def missing(self, chunks: Iterable[int] | None = None) -> list[int]:
        """The chunks, of these or of all, that are not finished: there is no text of them, or one
        that was cut short or changed."""
        self.files.refresh()
        chunks = range(len(self.chunks)) if chunks is None else chunks
        return [chunk for chunk in chunks if self.text(chunk) is None]

    def read(self, chunk: int) -> list[Prediction] | None:
        """The predictions of a finished chunk; None if its text is missing or damaged."""
        text = self.text(chunk)
        return None if text is None else from_csv(_body(text), self.path(chunk))

    def text(self, chunk: int) -> str | None:
        """The sealed text of a finished chunk; None if it is missing or damaged."""
        return next((text for text in self.files.texts(chunk) if self._sealed(chunk, text)), None)

    def write(self, chunk: int, predictions: Iterable[Prediction]) -> None:
        """Keep a finished chunk, whole or not at all."""
        body = to_csv(predictions, self.classes)
        self._keep(chunk, f"{body}{SEAL}{self._seal(chunk, body)}\n")

    def adopt(self, other: Path | str) -> None:
        """Take over the finished chunks of the same run in another folder.

        Raises AccuracyError if that folder is not a ledger, or one of another run.
        """
        store = store_of(other)
        if not store.exists(RUN):
            raise AccuracyError(f"{other}: this is not a ledger: it has no {RUN}")
        self._check_same(store)
        files = ChunkFolder(store).refresh()
        for chunk in self.missing():
            for text in files.texts(chunk):
                self.accept(chunk, text)

    def accept(self, chunk: int, text: str) -> None:
        """Take over the text of a chunk; a damaged one is ignored."""
        if self._sealed(chunk, text):
            self._keep(chunk, text)

    def pack(self, chunks: Iterable[int]) -> None:
        """Pack those of ``chunks`` that have files of their own, if the ledger has many chunks."""
        if self._many:
            self._own.clear()
            loose = [chunk for chunk in chunks if chunk in self.files.loose]
            for first in range(0, len(loose), self._together):
                part = loose[first : first + self._together]
                texts = [(chunk, text) for chunk in part if (text := self.text(chunk)) is not None]
                self.files.pack(texts)

    def tidy(self) -> None:
        """Remove what killed writers left; a live one is waited for."""
        self.files.tidy((RUN, MANIFEST))

    def path(self, chunk: int) -> Path | str:
        """The file of a chunk."""
        return self.store.path(chunk_name(chunk))

    def _keep(self, chunk: int, text: str) -> None:
        self.files.write(chunk, text)
        if self._many:
            with self._lock:
                self._own[chunk] = text
                full = len(self._own) >= self._together
                own, self._own = (self._own, {}) if full else ({}, self._own)
            if own:
                self.files.pack(sorted(own.items()))

    def _check_same(self, store: FileStore) -> None:
        found = json_object(store.read(RUN, MAX_RUN), store.path(RUN))
        if other := differences(found, json.loads(json.dumps(self.identity.as_json()))):
            raise AccuracyError(
                f"{store.folder}: this is the ledger of another run, and runs are never mixed: "
                f"{first_few(other)}: name another --ledger"
            )

    def _seal(self, chunk: int, body: str) -> str:
        sealed = f"{self._run}\n{chunk}\n{body}"
        return hashlib.sha256(sealed.encode(*CODE)).hexdigest()

    def _sealed(self, chunk: int, text: str) -> bool:
        body, mark, seal = text.rpartition(SEAL)
        return bool(mark) and seal == f"{self._seal(chunk, body)}\n"


def _body(text: str) -> str:
    return text.rpartition(SEAL)[0]


def store_of(place: Path | str) -> FileStore:
    """The store at a path, or at an address in an object storage."""
    return ObjectFolder(str(place).rstrip("/")) if is_cloud(place) else LocalFolder(Path(place))
