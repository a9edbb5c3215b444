"""WebDataset shards: tar archives in which the files of one basename are one sample."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.labelled_images import FoundImage, LabelledImages, is_number
from verify.datasets.listing import Listing

LONGEST_LABEL = 64
"""Bytes of a ``.cls`` file; a class index takes a few."""


def is_shard(listing: Listing) -> bool:
    return any(name.endswith(".cls") for name in listing.files)


def key(name: str) -> str:
    """A sample's name: the path up to the first dot of the file's name."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


def read_shards(
    path: str, shards: Iterable[tuple[str, Listing]], expected: Expectation
) -> LabelledImages:
    """The images of named shards, labelled by the ``.cls`` file of the same sample.

    Raises DatasetError for a label that is not a number, and for two images in one sample.
    """
    images = []
    for shard, listing in shards:
        labels = {
            key(name): _label(listing, name) for name in listing.files if name.endswith(".cls")
        }
        seen = set()
        for name, location in listing.images.items():
            if key(name) in seen:
                raise DatasetError(f"{listing.path}: sample {key(name)!r} has two images")
            seen.add(key(name))
            images.append(FoundImage(f"{shard}/{name}", location, labels.get(key(name))))
    return LabelledImages.of(path, "WebDataset shards", expected, images)


def _label(listing: Listing, name: str) -> int:
    location = listing.files[name]
    if location.size <= LONGEST_LABEL:
        text = location.read().strip().decode("latin-1")
        if is_number(text):
            return int(text)
    raise DatasetError(f"{listing.path}: {name!r} is not a class index: expected a number as text")
