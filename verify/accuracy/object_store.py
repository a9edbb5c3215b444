"""The files of a ledger in an object storage, ``s3://`` or ``gs://``.

An object appears whole or not at all: it is there when its upload is complete. What a killed writer
had uploaded of a large one is never listed. Nothing is renamed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from mappings.errors import FormatError
from verify.datasets.cloud import (
    asking,
    demand_bucket,
    info_of,
    names_in,
    read_part,
    read_whole,
    system_of,
)

AT_ONCE = 16 << 20
"""Bytes of a file that are sent in one request; a larger file is sent in parts of this size."""
UNSUPPORTED = ("NotImplemented", "not implemented", "A header you provided implies functionality")
"""Words of a storage that cannot write under a condition."""


@dataclass(frozen=True)
class ObjectFolder:
    """The objects below an address, without a slash at its end."""

    folder: str

    def make(self) -> None:
        """Demand that the bucket exists; a folder needs no making there. Raises FormatError."""
        if not self.names():
            demand_bucket(self.folder)

    def names(self) -> set[str]:
        return names_in(self.folder)

    def exists(self, name: str) -> bool:
        try:
            info_of(self.path(name))
        except FileNotFoundError:
            return False
        return True

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def read(self, name: str, most: int) -> bytes:
        return read_whole(self.path(name), most)

    def part(self, name: str, offset: int, size: int) -> bytes:
        try:
            return read_part(self.path(name), offset, size)
        except FileNotFoundError as error:
            what = "there is no such object any more: it was removed during the run"
            raise FormatError(self.path(name), what) from error

    def write(self, name: str, texts: Iterable[str]) -> None:
        url, system, begun = self.path(name), system_of(self.folder), bytearray()
        pieces = iter(texts)
        for text in pieces:
            begun += text.encode()
            if len(begun) > AT_ONCE:
                break
        else:
            with asking(url):
                system.pipe_file(url, bytes(begun))
            return
        with asking(url):
            file = system.open(url, "wb", block_size=AT_ONCE)
        try:
            for piece in chain([begun], (text.encode() for text in pieces)):
                with asking(url):
                    file.write(piece)
        except BaseException:
            file.closed = True  # closing would complete it
            with suppress(Exception):  # a storage that fails here too hides nothing
                file.discard()
            raise
        with asking(url):
            file.close()

    def begin(self, name: str, text: str) -> bool:
        """Write a file unless there is one; False if there is."""
        url, system = self.path(name), system_of(self.folder)
        with asking(url):
            try:
                system.pipe_file(url, text.encode(), mode="create")
                return True
            except FileExistsError:
                return False
            except Exception as error:
                if self.exists(name):
                    return False
                if not any(word in str(error) for word in UNSUPPORTED):
                    raise
        self.write(name, [text])
        return True

    def remove(self, name: str) -> None:
        url = self.path(name)
        with asking(url):
            try:
                system_of(url).rm_file(url)
            except FileNotFoundError:
                pass

    def leftovers(self) -> list[str]:
        """Nothing: what killed writers left is never listed."""
        return []

    def remove_leftover(self, name: str) -> None:
        """Nothing is left to remove."""
