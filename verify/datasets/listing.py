"""The files of a folder, as names and places."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.labelled_images import Place

EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""What torchvision's ImageFolder takes for an image."""


@dataclass(frozen=True)
class Listing:
    """Every file of a folder or an archive by its '/'-separated name; folders are of the first
    level, named even where nothing is in them."""

    path: str
    files: dict[str, Place]
    folders: tuple[str, ...]

    @property
    def images(self) -> dict[str, Place]:
        """The files that are images by their extension; hidden ones are not."""
        return {
            name: place
            for name, place in self.files.items()
            if name.lower().endswith(EXTENSIONS) and not name.rpartition("/")[2].startswith(".")
        }


def list_folder(root: Path) -> Listing:
    """The files under a folder, links followed.

    Raises DatasetError for what cannot be read, and for a link to a folder that it lies in.
    """
    files: dict[str, Place] = {}
    try:
        for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
            if os.path.islink(folder) and Path(folder) != root and _leads_up(folder, root):
                raise DatasetError(f"{folder}: is a link to a folder that it lies in: remove it")
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    relative = os.path.relpath(path, root).replace(os.sep, "/")
                    files[relative] = Place(path, ((0, os.path.getsize(path)),))
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
