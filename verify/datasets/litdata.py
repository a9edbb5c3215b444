"""The chunks that LitData writes: ``index.json`` and ``chunk-0-0.bin``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convert.formats.json_text import parse_json
from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames
from verify.datasets.labelled_images import LabelledImages
from verify.datasets.sample_columns import columns_of
from verify.datasets.sample_shards import INDEX, Shard, counts, file_name, read_sample_shards
from verify.datasets.split_files import SplitFile
from verify.datasets.storage import Neighbours, name_of, neighbours

CHUNK = re.compile(r"chunk-[0-9]+-[0-9]+(\.zstd(:[0-9]+)?)?\.bin")


def is_chunk(name: str) -> bool:
    """Whether a file is called as LitData calls chunks."""
    return CHUNK.fullmatch(name) is not None


def is_litdata(path: Path | str) -> bool:
    """Whether a file is the index of chunks beside it."""
    return name_of(path) == INDEX and any(map(is_chunk, neighbours(path).names))


def read_litdata(
    path: str, files: Sequence[SplitFile], expected: Expectation, names: ClassNames | None
) -> LabelledImages:
    """The images of the chunks that LitData's indexes list."""
    return read_sample_shards("LitData chunks", list_chunks, is_chunk, path, files, expected, names)


def list_chunks(index: str, beside: Neighbours, held: dict[str, Any]) -> Iterator[Shard]:
    """The chunks that an index lists.

    Raises DatasetError for chunks that are encrypted, of tokens, or compressed in another way.
    """
    chunks, config = held.get("chunks"), held.get("config")
    if not isinstance(chunks, list) or not isinstance(config, dict):
        raise DatasetError(f"{index}: has no chunks and config: copy it again")
    if config.get("encryption"):
        raise DatasetError(f"{index}: its chunks are encrypted: write the data set without it")
    loader = config.get("item_loader", "PyTreeLoader")
    if loader != "PyTreeLoader":
        raise DatasetError(
            f"{index}: its chunks are for {str(loader)[:40]!r}, expected 'PyTreeLoader', as images "
            "have"
        )
    method = config.get("compression")
    if method is not None and str(method).partition(":")[0] != "zstd":
        raise DatasetError(
            f"{index}: its chunks are compressed as {str(method)[:40]!r}: only 'zstd' is read"
        )
    encodings = config.get("data_format")
    number = len(encodings) if isinstance(encodings, list) else 0
    names = _names(config.get("data_spec"), number)
    columns = columns_of(index, names, encodings, [None] * number)
    for said in chunks:
        said = said if isinstance(said, dict) else {}
        name = file_name(index, said.get("filename"))
        samples, size = counts(index, name, said.get("chunk_size"), said.get("chunk_bytes"))
        # Earlier releases count the bytes of the samples alone, without those of the offsets.
        packed = None if method is None else size + 4 * (samples + 2)
        yield Shard(beside.path(name), name, samples, columns, packed=packed)


def _names(spec: Any, number: int) -> list[str]:
    """The keys of samples that are flat dictionaries; for all others, the places of the values.

    ``spec`` is the text of ``torch.utils._pytree.treespec_dumps``.
    """
    try:
        _, tree = parse_json(spec)
        keys = parse_json(tree["context"])
        flat = not any(child["children_spec"] for child in tree["children_spec"])
        if flat and isinstance(keys, list) and len(keys) == number:
            return [str(key) for key in keys]
    except (ValueError, TypeError, KeyError):
        pass  # samples that are tuples have no keys
    return [str(place) for place in range(number)]
