"""Image bytes in the rows of Parquet files, decoded a few rows at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from convert.formats.regular import open_regular
from mappings.errors import DatasetError, FormatError, GluonportError
from verify.datasets.cloud import asking, is_cloud, system_of, trouble
from verify.datasets.labelled_images import MAX_IMAGE_BYTES
from verify.datasets.storage import version_of

BUFFER = 1 << 20
"""Bytes of a file that are read at once."""
BATCH, KEPT = 4 << 20, 32 << 20
"""Bytes of images that are decoded at once, about, and that stay decoded in a stream: as many as 16
threads have in hand, so that one which is behind finds its image still there. A stream holds one
page of the file besides, packed and unpacked, which is a row group at most."""
FEWEST, STREAMS, MOST = 2, 4, 256 << 20
"""Row groups that are read at once in a process, since threads stand in several after each other,
and bytes of row groups beyond which it is only the fewest."""


@dataclass(frozen=True, slots=True)
class RowPlace:
    """An image in a row of a row group, in the column with the dotted path ``column``.

    ``version``: the object's when it was listed, if the file is in an object storage.
    """

    path: str
    group: int
    row: int
    column: str
    version: tuple[object, ...] | None = None

    @property
    def size(self) -> int | None:
        return None

    @property
    def where(self) -> tuple[Any, ...]:
        return self.group, self.row, self.column

    def read(self) -> bytes:
        """The stored bytes. Raises DatasetError if the file no longer has them."""
        data = _stream(self.path, self.group, self.column, self.version).read(self.row)
        if data is None:
            raise DatasetError(
                f"{self.path}: row group {self.group}, row {self.row}: has no image bytes, only a "
                "name at most: embed the images in the file, or give the folder they are in"
            )
        if len(data) > MAX_IMAGE_BYTES:
            raise DatasetError(
                f"{self.path}: row group {self.group}, row {self.row}: an image of {len(data)} "
                f"bytes; expected at most {MAX_IMAGE_BYTES}: remove it"
            )
        return data


class RowStream:
    """The images of a row group from its first row on; the last few stay decoded."""

    def __init__(self, path: str, group: int, column: str) -> None:
        self.path, self.group, self.column = path, group, column
        self._lock = threading.Lock()
        self._kept: deque[tuple[int, Any]] = deque()
        self._batches: Iterator[Any] = iter(())
        self._next = self.bytes = 0
        self._begin()

    def _begin(self) -> None:
        self._kept.clear()
        self._next = 0
        self._batches = self._decode()

    def _decode(self) -> Iterator[Any]:
        """Batches of the column; the file is closed at the end."""
        with open_parquet(self.path) as file:
            group = file.metadata.row_group(self.group)
            self.bytes = group.total_byte_size
            each = max(1, group.total_byte_size // max(1, group.num_rows))
            rows = max(1, min(64, BATCH // each))
            options = {"columns": [self.column], "use_threads": False}
            for batch in file.iter_batches(rows, row_groups=[self.group], **options):
                values = batch.column(0)
                yield values.field("bytes") if "." in self.column else values

    def read(self, row: int) -> bytes | None:
        """The bytes in a row, None if it has none; earlier rows are decoded again if they are no
        longer kept."""
        with self._lock, reading(self.path):
            if self._kept and row < self._kept[0][0]:
                self._begin()
            while row >= self._next:
                batch = next(self._batches, None)
                if batch is None:
                    raise DatasetError(
                        f"{self.path}: row group {self.group}: ends before row {row}: the file "
                        "changed since it was listed"
                    )
                self._kept.append((self._next, batch))
                self._next += len(batch)
                while len(self._kept) > 2 and sum(b.nbytes for _, b in self._kept) > KEPT:
                    self._kept.popleft()
            first, batch = next((f, b) for f, b in reversed(self._kept) if f <= row)
            value: bytes | None = batch[row - first].as_py()
            return value


_streams: OrderedDict[tuple[Any, ...], RowStream] = OrderedDict()
_lock = threading.Lock()


def _stream(path: str, group: int, column: str, version: tuple[object, ...] | None) -> RowStream:
    """The stream of a row group; the one that was not used for the longest time makes room."""
    key = path, group, column, *(version or version_of(path))
    with _lock:
        stream = _streams.get(key) or RowStream(path, group, column)
        _streams[key] = stream
        _streams.move_to_end(key)
        while len(_streams) > FEWEST and (
            len(_streams) > STREAMS or sum(s.bytes for s in _streams.values()) > MOST
        ):
            _streams.popitem(last=False)
        return stream


@contextmanager
def open_parquet(path: str) -> Iterator[Any]:
    """An open ``pyarrow.parquet.ParquetFile``. Raises DatasetError for any other file."""
    from pyarrow import parquet

    with _source(path) as source:
        with reading(path):
            file = parquet.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False)
        try:
            yield file
        finally:
            file.close()


@contextmanager
def _source(path: str) -> Iterator[Any]:
    """What pyarrow opens for a path: the path of a regular file, or an open object, of which every
    read is a request for that part."""
    try:
        if is_cloud(path):
            with asking(path):
                file = system_of(path).open(path, "rb", cache_type="none")
        else:
            open_regular(path).close()
    except FileNotFoundError as error:
        raise DatasetError(str(trouble(path, error))) from None
    except FormatError as error:
        raise DatasetError(str(error)) from None
    if not is_cloud(path):
        yield path
        return
    with file:
        yield file


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what pyarrow raises for a damaged file into a DatasetError of one line."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        own = type(error) is OSError and error.errno is None  # pyarrow's, of what it has read
        if is_cloud(path) and isinstance(error, OSError) and not own:
            raise DatasetError(str(trouble(path, error))) from error
        why = " ".join(str(error).split())[:200]
        raise DatasetError(f"{path}: not a whole Parquet file ({why}): copy it again") from None
    except GluonportError:
        raise
    except Exception as error:  # what the libraries of object storages raise
        if not is_cloud(path):
            raise
        raise DatasetError(str(trouble(path, error))) from error
