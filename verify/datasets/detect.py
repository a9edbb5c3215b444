"""What a path holds, recognised by what lies there."""

from __future__ import annotations

from importlib.resources import files
from os import PathLike
from pathlib import Path

from architectures import Model
from verify.datasets.dataset import Dataset, DatasetError
from verify.datasets.expectation import Expectation, expectation
from verify.datasets.listing import Listing, list_folder, list_tar
from verify.datasets.tree import read_tree

SOUGHT = (
    "a folder with a folder for each class, a folder or a .tar of images with a labels file, "
    "WebDataset shards (.tar with .jpg and .cls), or MXNet RecordIO (.rec)"
)


def open_dataset(
    path: str | PathLike[str] | None = None,
    *,
    labels: str | PathLike[str] | None = None,
    model: Model,
    num_classes: int | None = None,
) -> Dataset:
    """The labelled images at ``path``; without one, the scans packaged for the sample model.

    ``labels`` is a file that says the class of each image where folders do not; ``num_classes`` is
    the checkpoint's class count where it differs from the published model's.
    Raises DatasetError when nothing is recognised there, or what is there cannot be trusted.
    """
    expected = expectation(model, num_classes)
    if path is None:
        if not model.source.packaged:
            raise DatasetError(f"{model.name} has no packaged images: give --data PATH: {SOUGHT}")
        scans = Path(model.source.packaged).with_suffix(".tar").name
        path = Path(str(files("architectures") / "samples" / scans))
    path = Path(path)
    if not path.exists():
        raise DatasetError(f"{path}: no such file or folder: expected {SOUGHT}")
    return read_listing(list_folder(path) if path.is_dir() else list_tar(path), expected)


def read_listing(listing: Listing, expected: Expectation) -> Dataset:
    """A folder or an archive, whichever it is."""
    if not listing.images:
        raise DatasetError(f"{listing.path}: no image in it: expected {SOUGHT}")
    return read_tree(listing, expected)
