"""Class folders: the name of each folder says its class."""

from __future__ import annotations

from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.labelled_images import FoundImage, LabelledImages, count, is_number, some
from verify.datasets.listing import Listing


def read_tree(listing: Listing, expectation: Expectation) -> LabelledImages:
    """The images of a tree, labelled by their first folder.

    Raises DatasetError if the folders' names do not say the classes.
    """
    labels = class_indices(listing, expectation)
    unknown = [folder for folder in listing.folders if folder not in labels]
    images, found = [], []
    for name, location in listing.images.items():
        folder, slash, _ = name.partition("/")
        if slash and folder in labels:
            images.append(FoundImage(name, location, labels[folder]))
        elif not slash:
            images.append(FoundImage(name, location))
    if unknown:
        found.append(f"{count(len(unknown), 'folder')} without a class, left out: {some(unknown)}")
    return LabelledImages.of(listing.path, "class folders", expectation, images, found)


def class_indices(listing: Listing, expectation: Expectation) -> dict[str, int]:
    """The class of each folder: by WordNet id, by index, or by sorted order if there are exactly as
    many folders as classes (as torchvision's ImageFolder and GluonCV's ImageFolderDataset do)."""
    folders, classes = listing.folders, expectation.classes
    by_name = {name: label for label, name in enumerate(expectation.names or ())}
    if known := {folder: by_name[folder] for folder in folders if folder in by_name}:
        return known
    numbers = {folder: int(folder) for folder in folders if is_number(folder)}
    if numbers and (len(numbers) == len(folders) or len(folders) != classes):
        known = {folder: number for folder, number in numbers.items() if number < classes}
        if len(set(known.values())) < len(known):
            raise DatasetError(f"{listing.path}: two folders have the same number: {some(known)}")
        if known:
            return known
    if len(folders) == classes:
        return {folder: label for label, folder in enumerate(sorted(folders))}
    meant = f"; or give {listing.path}/val" if "val" in folders else ""
    raise DatasetError(
        f"{listing.path}: {count(len(folders), 'folder')} ({some(folders)}), but the model has "
        f"{classes} classes: name the folders by "
        f"{'WordNet id or ' if expectation.names else ''}class index, or give a labels file{meant}"
    )
