"""MDS, the shards that MosaicML's streaming writes: ``index.json`` and ``shard.00000.mds``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames
from verify.datasets.labelled_images import LabelledImages
from verify.datasets.sample_columns import columns_of
from verify.datasets.sample_shards import INDEX, Shard, counts, file_name, read_sample_shards
from verify.datasets.split_files import SplitFile
from verify.datasets.storage import Neighbours, name_of, neighbours


def is_mds_shard(name: str) -> bool:
    """Whether a file is called as streaming calls shards, which may be packed."""
    return name.endswith(".mds") or ".mds." in name


def is_mds(path: Path | str) -> bool:
    """Whether a file is the index of shards beside it."""
    return name_of(path) == INDEX and any(map(is_mds_shard, neighbours(path).names))


def read_mds(
    path: str, files: Sequence[SplitFile], expected: Expectation, names: ClassNames | None
) -> LabelledImages:
    """The images of the shards that MDS indexes list."""
    return read_sample_shards("MDS shards", list_shards, is_mds_shard, path, files, expected, names)


def list_shards(index: str, beside: Neighbours, held: dict[str, Any]) -> Iterator[Shard]:
    """The shards that an index lists; of a shard both raw and packed, the raw file.

    Raises DatasetError for shards of other formats and compressions.
    """
    shards = held.get("shards")
    if not isinstance(shards, list) or not all(isinstance(said, dict) for said in shards):
        raise DatasetError(f"{index}: has no list of shards: copy it again")
    for said in shards:
        if said.get("format") != "mds" or said.get("version") != 2:
            raise DatasetError(
                f"{index}: a shard of format {str(said.get('format'))[:40]!r}, version "
                f"{str(said.get('version'))[:40]}: expected 'mds', version 2"
            )
        raw, packed = said.get("raw_data"), said.get("zip_data")
        if not isinstance(raw, dict) or not (packed is None or isinstance(packed, dict)):
            raise DatasetError(f"{index}: a shard without raw_data: copy it again")
        name = file_name(index, raw.get("basename"))
        samples, size = counts(index, name, said.get("samples"), raw.get("bytes"))
        columns = columns_of(
            index, said.get("column_names"), said.get("column_encodings"), said.get("column_sizes")
        )
        if packed is None or name in beside.names:
            yield Shard(beside.path(name), name, samples, columns, size)
            continue
        method = str(said.get("compression"))
        if method.partition(":")[0] != "zstd":
            raise DatasetError(
                f"{index}: {name} is compressed as {method[:40]!r}: only 'zstd' is read as it is: "
                "unpack the shards first"
            )
        path = beside.path(file_name(index, packed.get("basename")))
        yield Shard(path, name, samples, columns, size, packed=size)
