"""The files of a ledger: one for each finished chunk, and packs of many chunks.

A pack begins with a line that says how long its index is. The index is JSON, ``[[chunk, bytes],
...]``, and after it stand the texts of these chunks, as their own files had them. A pack's name is
the hash of its content. It appears whole or not at all, and the files of its chunks go only after
that, so whenever a process is killed, every chunk is in one or in both.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from convert.formats.json_text import parse_json
from mappings.errors import FormatError
from verify.accuracy.file_store import FileStore

MAX_CHUNK, MAX_INDEX = 1 << 28, 1 << 26
"""Bytes of a chunk's file, which has a few hundred for each image of a batch, and of an index."""
CHUNK, PACK = re.compile(r"([0-9]{6,12})\.csv"), re.compile(r"pack-[0-9a-f]{16}\.chunks")
FIRST_LINE = 32
"""Bytes of a pack's first line."""


def chunk_name(chunk: int) -> str:
    """The name of a chunk's file."""
    return f"{chunk:06}.csv"


@dataclass
class ChunkFolder:
    """The chunks in a folder; ``loose`` are those with a file of their own, ``packed`` says which
    pack holds a chunk, and where."""

    store: FileStore
    loose: set[int] = field(default_factory=set)
    packed: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    packs: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> ChunkFolder:
        """List the folder again, and read the indices of packs that are new."""
        with self.lock:
            self._list()
        return self

    def _list(self) -> None:
        names = self.store.names()
        self.loose = {int(found.group(1)) for name in names if (found := CHUNK.fullmatch(name))}
        packs = {name for name in names if PACK.fullmatch(name)}
        if self.packs - packs:
            self.packed = {c: where for c, where in self.packed.items() if where[0] in packs}
        for name in sorted(packs - self.packs):
            self.packed.update(self._index(name))
        self.packs = packs

    def texts(self, chunk: int) -> Iterable[str]:
        """The texts that the folder has of a chunk: of its own file, and in a pack."""
        if chunk in self.loose:
            try:
                yield self.store.read(chunk_name(chunk), MAX_CHUNK).decode(*CODE)
            except FileNotFoundError:  # another process has just packed it
                self.refresh()
        if chunk in self.packed:
            yield self.store.part(*self.packed[chunk]).decode(*CODE)

    def write(self, chunk: int, text: str) -> None:
        """Keep the text of a chunk in a file of its own, whole or not at all."""
        self.store.write(chunk_name(chunk), [text])
        self.loose.add(chunk)

    def pack(self, texts: Sequence[tuple[int, str]]) -> None:
        """Put the texts of chunks into one pack, and remove the files of these chunks."""
        encoded = [text.encode(*CODE) for _, text in texts]
        index = [[chunk, len(data)] for (chunk, _), data in zip(texts, encoded, strict=True)]
        listed = json.dumps(index, separators=(",", ":")) + "\n"
        head = f"#chunks,{len(listed)}".ljust(FIRST_LINE - 1) + "\n" + listed
        digest = hashlib.sha256(head.encode())
        for data in encoded:
            digest.update(data)
        name = f"pack-{digest.hexdigest()[:16]}.chunks"
        self.store.write(name, [head, *(text for _, text in texts)])
        with self.lock:
            self.packs.add(name)
            self.packed.update(self._places(name, index, len(head)))
        for chunk, _ in texts:
            self.loose.discard(chunk)
            self.store.remove(chunk_name(chunk))

    def _index(self, pack: str) -> dict[int, tuple[str, int, int]]:
        """Where a pack has its chunks; nothing of a pack that is damaged."""
        try:
            first = self.store.part(pack, 0, FIRST_LINE).decode()
            mark, _, size = first.rstrip().partition(",")
            if mark != "#chunks" or not (size.isascii() and size.isdigit() and len(size) < 9):
                return {}
            index = parse_json(
                self.store.part(pack, FIRST_LINE, min(int(size), MAX_INDEX)).decode()
            )
        except (ValueError, FormatError):
            return {}
        right = isinstance(index, list) and all(
            isinstance(row, list) and [type(n) for n in row] == [int, int] and min(row) >= 0
            for row in index
        )
        return self._places(pack, index, FIRST_LINE + int(size)) if right else {}

    @staticmethod
    def _places(
        pack: str, index: Sequence[Sequence[int]], begin: int
    ) -> dict[int, tuple[str, int, int]]:
        places = {}
        for chunk, size in index:
            places[chunk] = pack, begin, min(size, MAX_CHUNK)
            begin += size
        return places

    def tidy(self, others: Collection[str]) -> None:
        """Remove what killed writers of chunks, packs and ``others`` left."""
        for name in self.store.leftovers():
            if name in others or CHUNK.fullmatch(name) or PACK.fullmatch(name):
                self.store.remove_leftover(name)


CODE = "utf-8", "surrogateescape"
