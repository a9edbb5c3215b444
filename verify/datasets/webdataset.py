"""WebDataset shards: tar archives in which the files of one basename are one sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation
from verify.datasets.label_order import ClassNames, relabelled
from verify.datasets.labelled_images import FoundImage, LabelledImages, is_number
from verify.datasets.listing import Listing
from verify.datasets.shard_info import shard_info
from verify.datasets.tar import list_tar

LONGEST_LABEL, LONGEST_RECORD = 64, 1 << 16
"""Bytes of a ``.cls`` file; a class index takes a few. Bytes of a ``.json`` file beside it."""


def is_shard(listing: Listing) -> bool:
    return any(name.endswith(".cls") for name in listing.files)


def key(name: str) -> str:
    """A sample's name: the path up to the first dot of the file's name."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


def list_shards(paths: Sequence[Path | str]) -> list[Listing]:
    """The listings of several archives. Raises DatasetError unless each is a shard."""
    listings = [list_tar(path) for path in paths]
    if other := [listing.path for listing in listings if not is_shard(listing)]:
        raise DatasetError(
            f"{other[0]}: has no .cls file, so it is not a WebDataset shard like the others"
        )
    return listings


def read_shards(
    path: str, listings: Iterable[Listing], expected: Expectation, names: ClassNames | None = None
) -> LabelledImages:
    """The images of shards, labelled by the ``.cls`` file of the same sample.

    The classes are the numbers in these files, or those that ``names`` give to the numbers.
    Raises DatasetError for a label that is not a number, for two images in one sample, and for a
    number that the name of an image, or its ``.json`` file, contradicts.
    """
    images: list[FoundImage] = []
    described: dict[int, tuple[str, int]] = {}
    for listing in listings:
        shard = Path(listing.path).name
        labels = {
            key(name): _label(listing, name) for name in listing.files if name.endswith(".cls")
        }
        seen = set()
        for name, location in listing.images.items():
            sample = key(name)
            if sample in seen:
                raise DatasetError(f"{listing.path}: sample {sample!r} has two images")
            seen.add(sample)
            label = labels.get(sample)
            images.append(FoundImage(f"{shard}/{name}", location, label))
            record = listing.files.get(f"{sample}.json")
            if label is not None and label not in described and record:
                if record.size <= LONGEST_RECORD:
                    text = record.read().decode("utf-8", "replace")
                    described[label] = f"{shard}/{sample}.json {text}", label
    images = relabelled(path, expected, images, names, described.values(), demanded=False)
    return LabelledImages.of(path, "WebDataset shards", expected, images)


def read_shard_files(
    path: str, paths: Sequence[Path | str], expected: Expectation, names: ClassNames | None
) -> LabelledImages:
    """The images of the shards of one split, compared with timm's ``_info.json`` beside them."""
    info = shard_info(paths)
    if info is None:
        return read_shards(path, list_shards(paths), expected, names)
    chosen = [path for path in paths if Path(path).name in info.samples]
    listings = list_shards(chosen)
    found = read_shards(path, listings, expected, names)
    counts = Counter({Path(listing.path).name: len(listing.images) for listing in listings})
    if problems := info.unmet(counts):
        return found.with_problems(problems)
    return found


def _label(listing: Listing, name: str) -> int:
    location = listing.files[name]
    if location.size <= LONGEST_LABEL:
        text = location.read().strip().decode("latin-1")
        if is_number(text):
            return int(text)
    raise DatasetError(f"{listing.path}: {name!r} is not a class index: expected a number as text")
