"""Every hostile file of the tests of readers, from one place: its content, its reader, and a piece
of what must be said of it.

The tables stand in the tests of each reader, which also check offsets, memory and more.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from architectures import find_model
from convert.formats import open_checkpoint
from convert.formats.mapped import MappedFile
from convert.formats.model_archive import ModelArchive
from convert.formats.safetensors import read_safetensors
from convert.formats.symbol import open_symbol
from convert.sources.unzip import extract
from tests import test_convert_formats_model_archive as archives
from tests import test_convert_formats_npz as npz
from tests import test_convert_formats_pytorch as pytorch
from tests import test_convert_formats_safetensors as safetensors
from tests import test_convert_formats_symbol_hostile as symbols
from tests import test_convert_unzip as zips
from tests import test_verify_datasets_hostile as tars
from tests import test_verify_datasets_recordio as recordio
from tests import test_verify_preprocessing_hostile as images
from tests.support.params_lies import LIES
from tests.support.release_lies import LEDGERS, RELEASES, Lie
from verify.datasets import open_dataset
from verify.preprocessing import crop

DIGITS = find_model("gluon_seresnext8_digits")


@dataclass(frozen=True)
class Hostile:
    """``make`` writes the file into a folder and gives what to read with ``read``.

    ``said`` is a piece of the refusal, or a regular expression if ``pattern``.
    """

    kind: str
    name: str
    make: Callable[[Path], Path]
    read: Callable[[Path], object]
    said: str
    pattern: bool = False

    def is_said(self, text: str) -> bool:
        """Whether a refusal is the expected one, in one line."""
        found = re.search(self.said, text) if self.pattern else self.said in text
        return bool(found) and "\n" not in text


def written(name: str, content: bytes, folder: Path) -> Path:
    (path := folder / name).write_bytes(content)
    return path


def read_checkpoint(path: Path) -> None:
    for tensor in open_checkpoint(path).tensors:
        tensor.array()


def read_as_safetensors(path: Path) -> None:
    """Also what does not begin like one, as ``open_checkpoint`` would say."""
    for tensor in read_safetensors(MappedFile.open(path)).tensors:
        tensor.array()


def read_archive(path: Path) -> None:
    archive = ModelArchive.open(MappedFile.open(path))
    for name in archive.files:
        archive.take(name)


def read_zip(path: Path) -> None:
    extract(path, path.with_name(zips.MEMBER), zips.SHA1, zips.LIMIT)


def read_dataset(path: Path) -> None:
    dataset = open_dataset(path, model=DIGITS)
    for k in range(len(dataset)):
        dataset.read(k)


def read_image(path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):  # Pillow's, of damaged metadata
        crop(path.read_bytes(), "timm", DIGITS)


def hostile_files() -> Iterator[Hostile]:
    """All of them, kind by kind."""
    for kind, table, read in (
        (".params", LIES, read_checkpoint),
        (".npz", npz.LIES, read_checkpoint),
        (".safetensors", safetensors.HOSTILE, read_as_safetensors),
    ):
        for name, (content, said) in table.items():
            yield Hostile(kind, name, partial(written, f"file{kind}", content), read, said)
    yield from _pytorch()
    for name, (content, said) in archives.HOSTILE.items():
        said = said[:50] if name == "a compressed compressed archive" else said
        make = partial(written, "model.tar.gz", content)
        yield Hostile("model.tar.gz", name, make, read_archive, said)
    for name, (content, said) in zips.HOSTILE.items():
        yield Hostile("zip", name, partial(written, "a.zip", content), read_zip, said, True)
    yield from _symbols()
    for name, (content, said) in tars.HOSTILE.items():
        make = partial(written, "a.tar", content + bytes(1024))
        yield Hostile("images.tar", name, make, read_dataset, said)
    for number, (content, said) in enumerate(recordio.hostile()):
        make = partial(written, "lie.rec", content)
        yield Hostile("RecordIO", f"lie {number}", make, read_dataset, said, True)
    for name, content in images.bombs():
        make = partial(written, "image", content)
        yield Hostile("image", name, make, read_image, f"{images.SIDE} x {images.SIDE} pixels")
    yield from _folders("release", RELEASES)
    yield from _folders("ledger", LEDGERS)


def _pytorch() -> Iterator[Hostile]:
    for name, lie in pytorch.LYING_TENSORS.items():
        for layout, content in (
            ("zip", pytorch.zip_of({"w": lie})),
            ("legacy", pytorch.legacy_of({"w": lie})),
        ):
            make = partial(written, "file.pth", content)
            yield Hostile(f".pth ({layout})", name, make, read_checkpoint, "file.pth: ")
    for name, content in pytorch.LYING_LEGACY.items():
        make = partial(written, "file.pth", content)
        yield Hostile(".pth (legacy)", name, make, read_checkpoint, "fetch it again")


def _symbols() -> Iterator[Hostile]:
    for name, (change, said) in symbols.HOSTILE.items():
        symbol = copy.deepcopy(symbols.SOUND)
        change(symbol)
        make = partial(written, "net-symbol.json", json.dumps(symbol).encode())
        yield Hostile("symbol", name, make, open_symbol, said)
    for name, (content, said) in symbols.TEXTS.items():
        if content:  # an empty file has another message
            make = partial(written, "net-symbol.json", content)
            yield Hostile("symbol", name, make, open_symbol, said)


def _folders(kind: str, table: dict[str, Lie]) -> Iterator[Hostile]:
    for name, lie in table.items():
        yield Hostile(kind, name, lie.make, lie.read, lie.said)
