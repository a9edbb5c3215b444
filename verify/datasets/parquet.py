"""Parquet files as the Hugging Face hub keeps images: a column of image bytes, one of labels.

Only the labels and the names are read to list the images. The column of bytes is streamed when an
image is read: row groups are decoded a few images at a time, and in their order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.errors import DatasetError
from verify.datasets.cloud import is_cloud
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames, relabelled
from verify.datasets.labelled_images import FoundImage, LabelledImages, count, some
from verify.datasets.parquet_rows import RowPlace, open_parquet, reading
from verify.datasets.split_files import SplitFile, evaluated_split, missing_files
from verify.datasets.storage import version_of

LABELS = ("label", "labels", "fine_label", "cls", "target")
"""The names of a column of labels, the first that is there."""


@dataclass(frozen=True)
class Columns:
    """The columns of a file: the image's bytes, its name if there is one, and its label, as dotted
    paths; ``classes``: the names of classes in the schema."""

    image: str
    name: str | None
    label: str
    classes: ClassNames | None


def read_parquet(
    path: str, files: Sequence[SplitFile], expected: Expectation, names: ClassNames | None
) -> LabelledImages:
    """The images of Parquet files in the order of files and rows.

    ``names``: those of the classes that the user gives. Raises DatasetError for files that are
    damaged or that have no such columns, and for labels in an unknown order.
    """
    split, chosen = evaluated_split(path, files)
    images: list[FoundImage] = []
    found, classes = missing_files(path, chosen), None
    for file in chosen:
        columns, rows = list_rows(file.path, file.name)
        if classes and columns.classes and columns.classes.names != classes.names:
            raise DatasetError(f"{file.path}: its classes are not those of {classes.source}")
        classes = classes or columns.classes
        images += rows
    images = relabelled(path, expected, images, names or classes)
    kind = f"Parquet files, split {split}" if split else "Parquet files"
    return LabelledImages.of(path, kind, expected, images, found)


def list_rows(path: Path | str, name: str) -> tuple[Columns, list[FoundImage]]:
    """The columns of a file and its images, with the label numbers of the file."""
    images: list[FoundImage] = []
    version = version_of(str(path)) if is_cloud(path) else None
    with open_parquet(str(path)) as file:
        columns = find_columns(path, file)
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            wanted = [columns.label, *([columns.name] if columns.name else [])]
            with reading(str(path)):
                table = file.read_row_group(group, columns=wanted, use_threads=False)
                labels = table.column(0 if len(wanted) == 1 else _top(columns.label)).to_pylist()
                names = _names(table, columns.name, rows)
            if not len(labels) == len(names) == rows:
                raise DatasetError(
                    f"{path}: row group {group}: {len(labels)} labels and {len(names)} names for "
                    f"{rows} rows: the file is damaged: copy it again"
                )
            for row, (label, said) in enumerate(zip(labels, names, strict=True)):
                place = RowPlace(str(path), group, row, columns.image, version)
                images.append(FoundImage(f"{name}/{len(images):08}{_suffix(said)}", place, label))
    return columns, images


def _top(column: str) -> str:
    return column.partition(".")[0]


def _names(table: Any, column: str | None, rows: int) -> list[str | None]:
    if column is None:
        return [None] * rows
    values = table.column(_top(column)).to_pylist()
    _, dot, inner = column.partition(".")
    return [value.get(inner) if dot and value else None if dot else value for value in values]


def _suffix(name: str | None) -> str:
    """The end of an image's id: the name of its file, if the row has one."""
    file = name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else ""
    return f"/{file}" if file else ""


def find_columns(path: Path | str, file: Any) -> Columns:
    """The columns of images and labels. Raises DatasetError, which names the columns there are."""
    import pyarrow as pa

    with reading(str(path)):
        schema = file.schema_arrow
    images: list[tuple[str, str | None]] = []
    for field in schema:
        if pa.types.is_struct(field.type):
            inner = {
                field.type.field(k).name: field.type.field(k).type for k in range(len(field.type))
            }
            if "bytes" in inner and _is_bytes(inner["bytes"]):
                named = "path" in inner and _is_text(inner["path"])
                images.append((f"{field.name}.bytes", f"{field.name}.path" if named else None))
        elif _is_bytes(field.type):
            images.append((field.name, None))
    integers = [field.name for field in schema if pa.types.is_integer(field.type)]
    labels = [name for name in LABELS if name in integers] or integers
    if len(images) != 1 or not labels or (len(labels) > 1 and labels[0] not in LABELS):
        held = some((f"{field.name} ({field.type})" for field in schema), 8)
        raise DatasetError(
            f"{path}: {count(len(images), 'column')} of image bytes and "
            f"{count(len(labels), 'column')} of labels among {held}: expected one of each: bytes, "
            "or a struct of bytes and path, and integers called label"
        )
    ((image, name),) = images
    return Columns(image, name, labels[0], _classes(path, schema, labels[0]))


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _classes(path: Path | str, schema: Any, label: str) -> ClassNames | None:
    """The names of a ``ClassLabel`` in the schema, as the library ``datasets`` writes them."""
    text = (schema.metadata or {}).get(b"huggingface")
    try:
        names = json.loads(text)["info"]["features"][label]["names"] if text else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return ClassNames(tuple(names), f"{path}: the names of column {label!r}")
