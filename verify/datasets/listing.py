"""The files of a folder, as names and locations."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.labelled_images import Location

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""The extensions that torchvision's ImageFolder takes for images."""


@dataclass(frozen=True)
class Listing:
    """Every file of a folder or an archive by its '/'-separated name, and the names of the folders
    of the first level, empty ones included."""

    path: str
    files: dict[str, Location]
    folders: tuple[str, ...]

    @property
    def images(self) -> dict[str, Location]:
        """The files with the extension of an image, without hidden ones."""
        return {
            name: location
            for name, location in self.files.items()
            if name.lower().endswith(EXTENSIONS) and not name.rpartition("/")[2].startswith(".")
        }


def list_folder(root: Path) -> Listing:
    """The files under a folder; links are followed.

    Raises DatasetError for what cannot be read, and for a link to a folder above it.
    """
    files: dict[str, Location] = {}
    try:
        for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
            if os.path.islink(folder) and Path(folder) != root and _leads_up(folder, root):
                raise DatasetError(f"{folder}: is a link to a folder above it: remove it")
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    relative = os.path.relpath(path, root).replace(os.sep, "/")
                    files[relative] = Location(path, ((0, os.path.getsize(path)),))
        top = sorted(e.name for e in os.scandir(root) if e.is_dir() and e.name[0] != ".")
    except OSError as error:
        raise DatasetError(f"{error.filename or root}: cannot be read: {error.strerror}") from None
    return Listing(str(root), files, tuple(top))


def _refuse(error: OSError) -> None:
    raise error


def _leads_up(folder: str, root: Path) -> bool:
    """Whether a link leads to ``root`` or to a folder between that and the link."""
    above = Path(folder).parents
    return any(os.path.samefile(folder, parent) for parent in above[: above.index(root) + 1])
