"""Recognise the kind of data set at a path, and open it."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path

from architectures.catalogue.evaluated import Evaluated
from mappings.errors import DatasetError
from verify.datasets.expand import expand
from verify.datasets.expectation import Expectation, expectation
from verify.datasets.labelled_images import LabelledImages, count, some
from verify.datasets.labels import read_flat, read_labels
from verify.datasets.listing import Listing, list_folder
from verify.datasets.recordio import read_recordio
from verify.datasets.tar import list_tar
from verify.datasets.tree import read_tree
from verify.datasets.webdataset import is_shard, read_shards

SOUGHT = (
    "a folder with a folder for each class, a folder or a .tar of images with a labels file, "
    "WebDataset shards (.tar with .jpg and .cls), or MXNet RecordIO (.rec)"
)


def open_dataset(
    path: str | PathLike[str] | None = None,
    *,
    labels: str | PathLike[str] | None = None,
    model: Evaluated,
    num_classes: int | None = None,
) -> LabelledImages:
    """The labelled images at ``path``, or without one the scans packaged for the sample model.

    ``path`` may name several shards: ``val-{00..63}.tar``, ``val-*.tar``, or their folder.
    ``labels`` is the development kit's folder, or a file that says the class of each image if no
    folders do; ``num_classes`` is the checkpoint's class count, by default the model's own.
    Raises DatasetError if nothing is recognised there, or if it cannot be trusted.
    """
    expected = expectation(model, num_classes)
    given = read_labels(Path(labels), expected) if labels is not None else None
    if path is None:
        scans = model.dataset.scans
        if scans is None:
            raise DatasetError(f"{model.name} has no packaged images: give --data PATH: {SOUGHT}")
        path = str(files("architectures") / "samples" / scans)
    pattern = str(path)
    paths = expand(pattern, SOUGHT)
    if len(paths) > 1:
        return shards(pattern, paths, given, expected)
    (only,) = paths
    if only.suffix == ".rec":
        refuse_labels(given, only, "MXNet RecordIO")
        return read_recordio(only, expected)
    if not only.is_dir():
        return images(list_tar(only), given, expected)
    listing = list_folder(only)
    if not listing.images:
        for suffix in (".rec", ".tar"):
            if found := sorted(only.glob(f"*{suffix}")):
                if suffix == ".tar" and len(found) > 1:
                    return shards(pattern, found, given, expected)
                if len(found) > 1:
                    names = some(file.name for file in found)
                    raise DatasetError(f"{only}: holds {names}: name the one to evaluate")
                return open_dataset(found[0], labels=labels, model=model, num_classes=num_classes)
    return images(listing, given, expected)


def images(
    listing: Listing, labels: dict[str, int] | None, expected: Expectation
) -> LabelledImages:
    """The images of a folder or an archive, labelled in one of the known ways."""
    if not listing.images:
        raise DatasetError(f"{listing.path}: has no image: expected {SOUGHT}")
    if is_shard(listing):
        refuse_labels(labels, listing.path, "a WebDataset shard")
        return read_shards(listing.path, [(Path(listing.path).name, listing)], expected)
    if labels is not None:
        return read_flat(listing, labels, expected)
    if not any("/" in name for name in listing.images):
        raise DatasetError(
            f"{listing.path}: {count(len(listing.images), 'image')} in no class folder: give "
            "--labels FILE, which says their classes"
        )
    return read_tree(listing, expected)


def shards(
    pattern: str, paths: list[Path], labels: dict[str, int] | None, expected: Expectation
) -> LabelledImages:
    """The images of several archives, each of which must be a shard."""
    refuse_labels(labels, pattern, "WebDataset shards")
    listings = [(path.name, list_tar(path)) for path in paths]
    if other := [listing.path for _, listing in listings if not is_shard(listing)]:
        raise DatasetError(
            f"{other[0]}: has no .cls file, so it is not a WebDataset shard like the others"
        )
    return read_shards(pattern, listings, expected)


def refuse_labels(labels: dict[str, int] | None, path: str | Path, kind: str) -> None:
    if labels is not None:
        raise DatasetError(f"{path}: {kind} has labels of its own: leave --labels out")
