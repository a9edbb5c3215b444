"""Preprocessed crops kept on disk, so that a second model on the same images decodes nothing."""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np

from architectures import Model
from architectures.figure import Regime
from convert.formats import Array

ENTRY = np.dtype([("sha256", "V32"), ("crc32", "<u4")])


class CropCache:
    """uint8 crops (S, S, 3) by the hash of the image they were made of.

    A folder for each way to make a crop; in it pairs of files, one pair for each process that ever
    wrote: ``X.crops``, crops one after the other, and ``X.index``, hash and checksum of each. The
    index is written last, so what a crash cut short is not in it. Reading is through memory maps.
    """

    def __init__(self, folder: Path, regime: Regime, model: Model) -> None:
        side = model.input_size
        libraries = f"cv2-{version('opencv-python-headless')}-pillow-{version('pillow')}"
        resize = f"-{model.timm_interpolation}" if regime == "timm" else ""
        self.folder = folder / f"{regime}{resize}-{side}-{model.crop}-{libraries}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shape, self.size = (side, side, 3), side * side * 3
        self._found: dict[bytes, tuple[Array, int, int]] = {}
        self._lock = threading.Lock()
        self._own = self.folder / uuid.uuid4().hex
        for index in self.folder.glob("*.index"):
            self._map(index)

    def get(self, sha256: str) -> Array | None:
        """The crop of an image, or None where there is none, or a damaged one."""
        found = self._found.get(bytes.fromhex(sha256))
        if found is None:
            return None
        crops, row, checksum = found
        crop: Array = crops[row]
        return crop if zlib.crc32(crop.data) == checksum else None

    def put(self, sha256: str, crop: Array) -> None:
        """Keep a crop for the next run."""
        data = np.ascontiguousarray(crop).tobytes()
        entry = np.array([(bytes.fromhex(sha256), zlib.crc32(data))], ENTRY)
        with self._lock:
            for suffix, content in (("crops", data), ("index", entry.tobytes())):
                with open(f"{self._own}.{suffix}", "ab") as file:
                    file.write(content)

    def _map(self, index: Path) -> None:
        data = index.with_suffix(".crops")
        whole = os.path.getsize(data) // self.size if data.exists() else 0
        entries = np.frombuffer(index.read_bytes()[: whole * ENTRY.itemsize], "u1")
        entries = entries[: len(entries) // ENTRY.itemsize * ENTRY.itemsize].view(ENTRY)
        if len(entries):
            crops = np.memmap(data, np.uint8, "r", shape=(whole, *self.shape))
            for row, (key, checksum) in enumerate(entries.tolist()):
                self._found[bytes(key)] = crops, row, checksum
