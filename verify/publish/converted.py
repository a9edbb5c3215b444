"""How weights were converted: what their provenance says, without paths of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from convert.formats.shaped import Sha256
from mappings.words import one_line


@dataclass(frozen=True)
class Tool:
    """The tool that wrote a record."""

    name: Literal["gluonport"]
    version: str


@dataclass(frozen=True)
class Provenance:
    """The fields of ``out.provenance.json``, as ``convert`` writes them."""

    tool: Tool
    model: str
    source: str
    source_format: str
    naming: str
    notes: tuple[str, ...]
    tensors: int
    parameters: int
    num_classes: int
    in_chans: int
    dtype: Literal["float32", "float16", "bfloat16", "keep"]
    synthetic: bool
    source_sha256: Sha256 | None
    target_sha256: Sha256
    source_url: str | None
    source_shards: dict[str, Sha256]
    ema: bool | None
    mapping_sha256: Sha256
    tensor_sha256: dict[str, Sha256]
    weights: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatedConversion:
    """The part of a provenance that a release repeats.

    ``source`` and the names of ``shards`` are file names. ``weights`` is the key of the set of
    weights that was taken, if the source has several; ``ignored`` are the tensors that were left
    out; ``dtype`` is the requested one.
    """

    source: str
    source_sha256: Sha256
    source_url: str | None
    source_format: str
    naming: str
    shards: Mapping[str, Sha256]
    notes: tuple[str, ...]
    weights: str | None
    ema: bool | None
    ignored: tuple[str, ...]
    dtype: str
    mapping_sha256: Sha256
    tensor_sha256: Mapping[str, Sha256]
    version: str

    @classmethod
    def of(cls, record: Provenance, source_sha256: str) -> StatedConversion:
        return cls(
            source=file_name(record.source),
            source_sha256=source_sha256,
            source_url=record.source_url and public_url(record.source_url),
            source_format=record.source_format,
            naming=record.naming,
            shards={file_name(name): digest for name, digest in record.source_shards.items()},
            notes=tuple(map(readable, record.notes)),
            weights=record.weights and readable(record.weights),
            ema=record.ema,
            ignored=tuple(map(readable, record.ignored)),
            dtype=record.dtype,
            mapping_sha256=record.mapping_sha256,
            tensor_sha256=record.tensor_sha256,
            version=record.tool.version,
        )


def file_name(path: str) -> str:
    """The last part of a path, as text that can be printed between backquotes."""
    return readable(Path(path).name).replace("`", r"\x60")


def readable(text: str) -> str:
    """Text on one line that UTF-8 can encode: control characters, and bytes of a file name that are
    not UTF-8 (``caf\\xe9``), become escapes."""
    try:
        raw = text.encode("utf-8", "surrogateescape")  # as Python has file names (PEP 383)
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "backslashreplace")
    return one_line(raw.decode("utf-8", "backslashreplace"))


def public_url(url: str) -> str:
    """A url without its possible secrets: the user's name and password, the query, the fragment."""
    parts = urlsplit(url)
    return readable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))
