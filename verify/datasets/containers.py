"""Files that hold many images each, and the reader of each kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames
from verify.datasets.labelled_images import LabelledImages
from verify.datasets.litdata import is_chunk, is_litdata, read_litdata
from verify.datasets.mds import is_mds, is_mds_shard, read_mds
from verify.datasets.parquet import read_parquet
from verify.datasets.split_files import SplitFile
from verify.datasets.storage import name_of
from verify.datasets.tfrecord import is_tfrecord, read_tfrecord

Reader = Callable[[str, Sequence[SplitFile], Expectation, ClassNames | None], LabelledImages]


@dataclass(frozen=True)
class Container:
    """The files of one kind that were found, and what reads them."""

    title: str
    files: Sequence[Path | str]
    read: Reader


KINDS: tuple[tuple[str, Callable[[Path | str], bool], Reader], ...] = (
    ("Parquet files", lambda path: name_of(path).endswith(".parquet"), read_parquet),
    ("TFRecord files", is_tfrecord, read_tfrecord),
    ("indexes of MDS shards", is_mds, read_mds),
    ("indexes of LitData chunks", is_litdata, read_litdata),
)


def container(paths: Sequence[Path] | Sequence[str]) -> Container | None:
    """The first kind that any of the files is, and the files of that kind; None if none is.

    Raises DatasetError for FFCV's files, and for shards of MDS or LitData without their index.
    """
    if ffcv := [path for path in paths if name_of(path).endswith(".beton")]:
        raise DatasetError(
            f"{ffcv[0]}: FFCV resizes and encodes images again when it writes them, so these are "
            "not the published images: give the data set that the file was made from"
        )
    for title, is_one, read in KINDS:
        if found := [path for path in paths if is_one(path)]:
            return Container(title, found, read)
    if alone := [path for path in paths if is_mds_shard(name_of(path)) or is_chunk(name_of(path))]:
        raise DatasetError(
            f"{alone[0]}: a shard is read by the index.json beside it: give the folder of both"
        )
    return None
