"""Shards packed whole by Zstandard: each is unpacked into memory, where the last few stay."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from mappings.errors import DatasetError
from verify.datasets.storage import Read, opened, version_of

MAX_UNPACKED = 1 << 30
"""Bytes of a shard that is unpacked: the libraries write 64 MiB by default."""
MAX_WINDOW = 1 << 27
"""Bytes that Zstandard may look back: those of its highest level, 22."""
PIECE = 1 << 20
FEWEST, KEPT = 2, 256 << 20
"""Shards that always stay unpacked in a process, and bytes up to which more of them stay."""


@dataclass(frozen=True, slots=True)
class UnpackedPlace:
    """An image in a packed shard: its span in what unpacks from the file, of ``most`` bytes."""

    path: str
    span: tuple[int, int]
    most: int

    @property
    def size(self) -> int:
        return self.span[1]

    @property
    def where(self) -> tuple[Any, ...]:
        return self.span

    def read(self) -> bytes:
        """The stored bytes. Raises DatasetError if the file no longer has them."""
        begin, size = self.span
        data = bytes(unpacked(self.path, self.most)[begin : begin + size])
        if len(data) != size:
            raise DatasetError(
                f"{self.path}: expected {size} bytes at byte {begin} of what it unpacks to, found "
                f"{len(data)}: the file changed since it was listed"
            )
        return data


_shards: OrderedDict[tuple[Any, ...], bytes | bytearray] = OrderedDict()
_lock = threading.Lock()


def unpacked(path: str, most: int) -> bytes | bytearray:
    """What a file unpacks to; the shard that was not used for the longest time makes room.

    Raises DatasetError for a damaged file, and for one that unpacks to more than ``most`` bytes.
    """
    key = path, most, *version_of(path)
    with _lock:
        data = _shards.get(key)
        if data is None:
            data = _shards[key] = unpack(path, most)
        _shards.move_to_end(key)
        while len(_shards) > FEWEST and sum(map(len, _shards.values())) > KEPT:
            _shards.popitem(last=False)
        return data


class _InOrder:
    """A file from its beginning on, as Zstandard reads it."""

    def __init__(self, reads: Read) -> None:
        self.reads, self.offset = reads, 0

    def read(self, size: int) -> bytes:
        data = self.reads(self.offset, size)
        self.offset += len(data)
        return data


def unpack(path: str, most: int) -> bytearray:
    """What a file unpacks to, in pieces, so that a small file cannot take much memory."""
    import zstandard

    data = bytearray()
    try:
        with opened(path) as (read, _):
            source = _InOrder(read)
            reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(source)  # type: ignore[arg-type]
            while piece := reader.read(min(PIECE, most + 1 - len(data))):
                data += piece
                if len(data) > most:
                    raise DatasetError(
                        f"{path}: unpacks to more than the {most} bytes that index.json says: copy "
                        "it again"
                    )
    except (zstandard.ZstdError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise DatasetError(
            f"{path}: cannot be unpacked by Zstandard ({why}): copy it again"
        ) from None
    return data
