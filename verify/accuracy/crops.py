"""Preprocessed crops kept on disk, so that a second run on the same images decodes nothing."""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

from architectures.catalogue.evaluated import Evaluated
from architectures.catalogue.figure import Regime
from convert.formats import Array
from convert.formats.regular import open_regular, read_bytes
from mappings.errors import FormatError

ENTRY = np.dtype([("sha256", "V32"), ("crc32", "<u4")])

MAX_INDEX = 1 << 30
"""Bytes of an index: 36 for each crop."""


class CropCache:
    """uint8 crops (S, S, 3) by the hash of the image they were made from.

    There is a folder for each way to make a crop. It has a pair of files for each process that ever
    wrote: ``X.crops``, the crops one after the other, and ``X.index``, the hash and checksum of
    each. The index is written last, so a crop that a crash cut short is not in it. An image of more
    than ``max_pixels`` pixels has no crop, so each limit has a folder of its own.
    """

    def __init__(self, folder: Path, regime: Regime, model: Evaluated, max_pixels: int) -> None:
        """Raises FormatError for an index that is not a regular file."""
        side = model.input_size
        libraries = f"cv2-{version('opencv-python-headless')}-pillow-{version('pillow')}"
        resize = f"-{model.timm_interpolation}" if regime == "timm" else ""
        made = f"{regime}{resize}-{side}-{model.crop}-{max_pixels}-{libraries}"
        self.folder = folder / made
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shape, self.size = (side, side, 3), side * side * 3
        self._found: dict[bytes, tuple[Path, int, int]] = {}
        self._lock = threading.Lock()
        self._own = self.folder / uuid.uuid4().hex
        for index in self.folder.glob("*.index"):
            self._read(index)

    def get(self, sha256: str) -> Array | None:
        """The crop of an image, or None if it is missing or damaged."""
        found = self._found.get(bytes.fromhex(sha256))
        if found is None:
            return None
        path, row, checksum = found
        try:
            with open_regular(path) as file:
                data = os.pread(file.fileno(), self.size, row * self.size)
        except (FormatError, OSError):
            return None
        if len(data) < self.size or zlib.crc32(data) != checksum:
            return None
        return np.frombuffer(data, np.uint8).reshape(self.shape)

    def put(self, sha256: str, crop: Array) -> None:
        """Keep a crop for the next run."""
        data = np.ascontiguousarray(crop).tobytes()
        entry = np.array([(bytes.fromhex(sha256), zlib.crc32(data))], ENTRY)
        with self._lock:
            for suffix, content in (("crops", data), ("index", entry.tobytes())):
                with open(f"{self._own}.{suffix}", "ab") as file:
                    file.write(content)

    def _read(self, index: Path) -> None:
        data = read_bytes(index, MAX_INDEX)
        entries = np.frombuffer(data[: len(data) // ENTRY.itemsize * ENTRY.itemsize], ENTRY)
        for row, (key, checksum) in enumerate(entries.tolist()):
            self._found[bytes(key)] = index.with_suffix(".crops"), row, checksum
