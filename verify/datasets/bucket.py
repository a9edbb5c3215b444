"""What of a data set lies at an address in an object storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.errors import DatasetError, FormatError
from verify.datasets.cloud import GLOB, glob_objects, list_objects
from verify.datasets.expand import braces
from verify.datasets.labelled_images import Location, some
from verify.datasets.listing import Listing
from verify.datasets.split_files import SplitFile, common

SOUGHT = (
    "in object storage, a prefix with a folder for each class, .tar archives, WebDataset shards, "
    "Parquet files, TFRecord files, MXNet RecordIO, or what MosaicML's streaming or LitData wrote"
)


@dataclass(frozen=True)
class Found:
    """Objects by their addresses; ``listing``: what is below the prefix that holds them, None if
    they were named one by one."""

    files: Sequence[str]
    listing: Listing | None

    def named(self, files: Sequence[str]) -> list[SplitFile]:
        """Files with their names below the prefix, or below their common folder, by name."""
        if self.listing:
            above = f"{self.listing.path}/"
        else:
            folders = [file.split("/")[:-1] for file in files]
            above = "".join(f"{part}/" for part in common(folders))
        found = (SplitFile(file, file.removeprefix(above)) for file in files)
        return sorted(found, key=lambda file: file.name)


def find_objects(pattern: str) -> Found:
    """The objects at an address with ``{00..63}``, ``{a,b}``, ``*``, ``?`` or ``[...]``.

    Raises DatasetError if nothing is there, and for what an object storage answers instead.
    """
    names = braces(pattern)
    try:
        if len(names) == 1 and not GLOB & set(names[0]):
            return _at(names[0].rstrip("/"))
        files: list[str] = []
        for name in names:
            files += glob_objects(name) if GLOB & set(name) else [name]
        present = set[str]()
        for folder in dict.fromkeys(file.rpartition("/")[0] for file in files):
            present |= list_objects(folder).keys()
    except FormatError as error:
        raise DatasetError(str(error)) from error
    if missing := [file for file in files if file not in present]:
        raise DatasetError(f"{some(missing)}: no such object: expected {SOUGHT}")
    if not files:
        raise DatasetError(f"{pattern}: no such object: expected {SOUGHT}")
    return Found(list(dict.fromkeys(files)), None)


def _at(url: str) -> Found:
    objects = list_objects(url)
    if not objects:
        raise DatasetError(f"{url}: no such object or prefix: expected {SOUGHT}")
    if set(objects) == {url}:
        return Found([url], None)
    begin = f"{url}/"
    files: dict[str, Location] = {}
    for address in sorted(objects):
        name = address.removeprefix(begin)
        if name != address and not any(part.startswith(".") for part in name.split("/")[:-1]):
            files[name] = Location(address, ((0, objects[address]),))
    folders = sorted({name.partition("/")[0] for name in files if "/" in name})
    return Found([place.path for place in files.values()], Listing(url, files, tuple(folders)))
