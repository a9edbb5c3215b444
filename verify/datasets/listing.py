"""The files of a folder or of a tar archive, as names and places; nothing is extracted."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

from verify.datasets.dataset import DatasetError, Place

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
    """The files under a folder, links followed."""
    files: dict[str, Place] = {}
    try:
        for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
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


def list_tar(path: Path) -> Listing:
    """The members of an uncompressed tar archive, each at its offset.

    Raises DatasetError for a compressed or damaged archive, for members that are neither files nor
    folders, for names that lead out of it, and for a name that occurs twice.
    """
    files: dict[str, Place] = {}
    folders: set[str] = set()
    size = path.stat().st_size
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                if name.startswith("/") or ".." in name.split("/"):
                    raise DatasetError(f"{path}: member {member.name!r} leads out of the archive")
                if member.isdir():
                    folders.add(name.partition("/")[0])
                    continue
                if not member.isreg() or member.issparse():
                    raise DatasetError(
                        f"{path}: member {member.name!r} is a link or a device, not a file"
                    )
                if member.offset_data + member.size > size:
                    raise DatasetError(
                        f"{path}: member {member.name!r} needs {member.size} bytes, the archive "
                        "ends before: it was cut short, copy it again"
                    )
                if name in files:
                    raise DatasetError(f"{path}: {name!r} is there twice: every image counts once")
                files[name] = Place(str(path), ((member.offset_data, member.size),))
                if "/" in name:
                    folders.add(name.partition("/")[0])
            end = tar.offset
        with path.open("rb") as raw:
            raw.seek(end)
            last = raw.read(tarfile.BLOCKSIZE)
    except tarfile.TarError as error:
        raise DatasetError(
            f"{path}: not an uncompressed tar archive ({error}): gunzip it, or copy it again"
        ) from None
    if last != bytes(tarfile.BLOCKSIZE):
        raise DatasetError(f"{path}: damaged or cut short at byte {end}: copy it again")
    return Listing(str(path), files, tuple(sorted(folders - {"."})))
