"""Labels files: the class of each image of ImageNet's validation set, or of any folder."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from convert.formats.regular import read_text
from mappings.errors import DatasetError, FormatError
from verify.datasets.devkit import GROUND_TRUTH, class_indices_of_kit
from verify.datasets.expectation import Expectation
from verify.datasets.labelled_images import FoundImage, LabelledImages, count, is_number, some
from verify.datasets.listing import Listing

KNOWN = (
    "Kaggle's LOC_val_solution.csv, the development kit's "
    f"{GROUND_TRUTH}, or lines of an image's name and its class"
)
MAX_LABELS = 1 << 28
"""Bytes of a labels file; 1.3 million lines of Kaggle's file take 70 million."""


def read_flat(listing: Listing, labels: dict[str, int], expectation: Expectation) -> LabelledImages:
    """The images of a listing, each labelled by its full name, by its file name, or by its file
    name without the extension."""
    images, used = [], set()
    for name, location in listing.images.items():
        file = name.rpartition("/")[2]
        known = next((n for n in (name, file, file.rpartition(".")[0]) if n in labels), None)
        used.add(known)
        images.append(FoundImage(name, location, None if known is None else labels[known]))
    missing = sorted(labels.keys() - used)
    found = [f"{count(len(missing), 'label')} without an image: {some(missing)}"] if missing else []
    return LabelledImages.of(listing.path, "images and a labels file", expectation, images, found)


def read_labels(path: Path, expectation: Expectation) -> dict[str, int]:
    """Class indices by image name.

    A line is one of: a name and its class, separated by comma, tab or blanks; a line of MXNet's
    ``.lst`` (number, class, path, separated by tabs); a line of Kaggle's
    ``ImageId,PredictionString``; a class alone, that of the validation image with the line's
    number. A class is an index from 0 or a WordNet id; in the development kit's ground truth it is
    the kit's own number.
    Raises DatasetError for anything else, and for a name on two lines.
    """
    if path.is_dir():
        kit = [path / GROUND_TRUTH, path / "data" / GROUND_TRUTH]
        path = next((file for file in kit if file.is_file()), kit[0])
    try:
        lines = read_text(path, MAX_LABELS).splitlines()
    except FormatError as error:
        raise DatasetError(f"{error}: expected {KNOWN}") from None
    rows = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise DatasetError(f"{path}: has no labels: expected {KNOWN}")
    if all(len(line.split()) == 1 and "," not in line for _, line in rows):
        return _by_number(path, [line.strip() for _, line in rows], expectation)
    labels: dict[str, int] = {}
    classes = _names(expectation)
    for number, line in rows:
        try:
            name, label = _columns(line)
        except csv.Error as error:
            raise DatasetError(f"{path}: line {number}: {error}: expected {KNOWN}") from None
        if number == 1 and label not in classes and not _is_index(label):
            continue  # a header
        if name in labels:
            raise DatasetError(f"{path}: line {number}: {name!r} has a label already")
        labels[name] = _index(path, number, label, classes)
    return labels


def _columns(line: str) -> tuple[str, str]:
    """The image's name and the class on a line; the class is empty if it has none."""
    if line.count("\t") == 2:
        _, label, name = line.split("\t")
    elif "," in line:
        name, label = [*next(csv.reader([line])), ""][:2]
        label = (label.split() or [""])[0]
    else:
        name, label = [*line.rsplit(maxsplit=1), ""][:2]
    return name.strip(), label.strip()


def _by_number(path: Path, lines: list[str], expectation: Expectation) -> dict[str, int]:
    """Labels of ILSVRC2012's validation images in the order of their numbers."""
    classes = _names(expectation)
    if not classes:
        raise DatasetError(f"{path}: has classes without names of images: expected two columns")
    if all(line in classes for line in lines):
        indices: Iterable[int] = (classes[line] for line in lines)
    elif path.name == GROUND_TRUTH and all(map(is_number, lines)):
        by_id = class_indices_of_kit(path.parent)
        if unknown := sorted({line for line in lines if int(line) not in by_id}):
            raise DatasetError(f"{path}: class {some(unknown)}, expected 1 to 1000")
        indices = (by_id[int(line)] for line in lines)
    else:
        raise DatasetError(
            f"{path}: a column of classes, and nothing says how they are numbered: expected {KNOWN}"
        )
    return {f"ILSVRC2012_val_{number:08}": index for number, index in enumerate(indices, 1)}


def _names(expectation: Expectation) -> dict[str, int]:
    return {name: label for label, name in enumerate(expectation.names or ())}


def _is_index(label: str) -> bool:
    try:
        return float(label).is_integer()  # MXNet writes 65.000000
    except ValueError:
        return False


def _index(path: Path, line: int, label: str, classes: dict[str, int]) -> int:
    if label in classes:
        return classes[label]
    if _is_index(label):
        return int(float(label))
    raise DatasetError(f"{path}: line {line}: class {label!r}, expected an index or a WordNet id")
