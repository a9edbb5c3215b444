"""Recognise the kind of data set at a path, and open it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any

from architectures.catalogue.evaluated import Evaluated
from mappings.errors import DatasetError
from verify.datasets import bucket
from verify.datasets.cloud import is_cloud
from verify.datasets.containers import container
from verify.datasets.expand import expand
from verify.datasets.expectation import Expectation, expectation
from verify.datasets.label_order import ClassNames, read_label_names
from verify.datasets.labelled_images import LabelledImages, count, some
from verify.datasets.labels import read_flat, read_labels
from verify.datasets.listing import EXTENSIONS, Listing, list_folder
from verify.datasets.recordio import read_recordio
from verify.datasets.split_files import SplitFile, files_under
from verify.datasets.storage import name_of
from verify.datasets.tar import list_tar
from verify.datasets.tree import read_tree
from verify.datasets.webdataset import is_shard, read_shard_files, read_shards

SOUGHT = (
    "a folder with a folder for each class, a folder or a .tar of images with a labels file, "
    "WebDataset shards (.tar with .jpg and .cls), MXNet RecordIO (.rec), Parquet files, TFRecord "
    "files, or a folder that MosaicML's streaming or LitData wrote"
)


def open_dataset(
    path: str | PathLike[str] | None = None,
    *,
    labels: str | PathLike[str] | None = None,
    label_names: str | PathLike[str] | None = None,
    model: Evaluated,
    num_classes: int | None = None,
) -> LabelledImages:
    """The labelled images at ``path``, or without one the scans packaged for the sample model.

    ``path`` may name several shards: ``val-{00..63}.tar``, ``val-*.tar``, or their folder.
    ``labels`` is the development kit's folder, or a file that says the class of each image if no
    folders do; ``label_names`` is a file with the names of the classes in the order of the data
    set's label numbers; ``num_classes`` is the checkpoint's class count, by default the model's.
    Raises DatasetError if nothing is recognised there, or if it cannot be trusted.
    """
    expected = expectation(model, num_classes)
    given = read_labels(Path(labels), expected) if labels is not None else None
    names = read_label_names(Path(label_names)) if label_names is not None else None
    if path is None:
        scans = model.dataset.scans
        if scans is None:
            raise DatasetError(f"{model.name} has no packaged images: give --data PATH: {SOUGHT}")
        path = str(files("architectures") / "samples" / scans)
    pattern = str(path)
    if is_cloud(pattern):
        return _objects(pattern, given, names, expected)
    paths = expand(pattern, SOUGHT)
    if len(paths) > 1 or not paths[0].is_dir():
        named = partial(files_under, root=None)
        return _files(pattern, paths, True, named, given, names, expected)
    (folder,) = paths
    listing = list_folder(folder)
    if not listing.images:
        inside = [Path(place.path) for place in listing.files.values()]
        if not container(inside):
            inside = sorted(folder.glob("*.rec")) or sorted(folder.glob("*.tar"))
        if inside:
            named = partial(files_under, root=folder)
            return _files(pattern, inside, False, named, given, names, expected)
    return _images(listing, given, names, expected)


def _objects(
    pattern: str,
    labels: dict[str, int] | None,
    names: ClassNames | None,
    expected: Expectation,
) -> LabelledImages:
    """The images at an address in an object storage."""
    found = bucket.find_objects(pattern)
    if found.listing and found.listing.images:
        return _images(found.listing, labels, names, expected)
    return _files(pattern, found.files, found.listing is None, found.named, labels, names, expected)


def _files(
    pattern: str,
    paths: Sequence[Path] | Sequence[str],
    alone: bool,
    named: Callable[[Sequence[Any]], Sequence[SplitFile]],
    labels: dict[str, int] | None,
    names: ClassNames | None,
    expected: Expectation,
) -> LabelledImages:
    """The images packed into files. ``alone``: the files were named one by one, and not found in
    one folder; ``named`` says what each is called in the data set."""
    if found := container(paths):
        if alone and (other := [path for path in paths if path not in found.files]):
            raise DatasetError(f"{other[0]}: this is not one of the {found.title}: leave it out")
        _refuse(labels, pattern, found.title)
        return found.read(pattern, named(found.files), expected, names)
    if recorded := [path for path in paths if name_of(path).endswith(".rec")]:
        if len(recorded) > 1:
            held = some(name_of(file) for file in recorded)
            raise DatasetError(f"{pattern}: holds {held}: name the one to evaluate")
        _refuse(labels, recorded[0], "MXNet RecordIO")
        return read_recordio(recorded[0], expected, names)
    if image := [path for path in paths if name_of(path).lower().endswith(EXTENSIONS)]:
        raise DatasetError(
            f"{image[0]}: this is an image: give the folder of a whole data set, or ask 'gluonport "
            "predict' what is in the image"
        )
    packed = [path for path in paths if name_of(path).endswith(".tar")]
    if is_cloud(pattern) and not packed:
        raise DatasetError(f"{pattern}: nothing there is known: expected {bucket.SOUGHT}")
    if packed and alone and (other := [path for path in paths if path not in packed]):
        raise DatasetError(f"{other[0]}: this is not one of the .tar files: leave it out")
    packed = packed or [*paths]
    if len(packed) == 1 and not is_shard(listing := list_tar(packed[0])):
        return _images(listing, labels, names, expected)
    _refuse(labels, pattern, "WebDataset shards" if len(packed) > 1 else "a WebDataset shard")
    return read_shard_files(pattern, packed, expected, names)


def _images(
    listing: Listing,
    labels: dict[str, int] | None,
    names: ClassNames | None,
    expected: Expectation,
) -> LabelledImages:
    """The images of a folder or an archive, labelled in one of the known ways."""
    if not listing.images:
        raise DatasetError(f"{listing.path}: has no image: expected {SOUGHT}")
    if is_shard(listing):
        _refuse(labels, listing.path, "a WebDataset shard")
        return read_shards(listing.path, [listing], expected, names)
    if names is not None:
        raise DatasetError(
            f"{listing.path}: its classes have names, not numbers: leave --label-names out"
        )
    if labels is not None:
        return read_flat(listing, labels, expected)
    if not any("/" in name for name in listing.images):
        raise DatasetError(
            f"{listing.path}: {count(len(listing.images), 'image')} in no class folder: give "
            "--labels FILE, which says their classes"
        )
    return read_tree(listing, expected)


def _refuse(labels: dict[str, int] | None, path: str | Path, kind: str) -> None:
    if labels is not None:
        raise DatasetError(f"{path}: {kind} has labels of its own: leave --labels out")
