"""The images that a command line names: files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.listing import EXTENSIONS, list_folder


@dataclass(frozen=True)
class FoundImages:
    """Image files in the order in which they were named, and what was named but has no image, one
    line each."""

    images: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def find_images(named: Iterable[Path]) -> FoundImages:
    """The images of files, folders and patterns such as ``photos/*.jpg``.

    A folder stands for every image in it and in its subfolders, a pattern for what matches it, both
    sorted by name. A file is taken as it is, whatever its name.
    """
    images: list[Path] = []
    problems: list[str] = []
    for path in named:
        matches = [path]
        if not os.path.lexists(path) and glob.has_magic(str(path)):
            matches = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
            if not matches:
                problems.append(f"{path}: no file matches this pattern: check it")
        for match in matches:
            if not match.is_dir():
                images.append(match)
                continue
            try:
                names = sorted(list_folder(match).images)
            except DatasetError as error:
                problems.append(str(error))
                continue
            images += [match / name for name in names]
            if not names:
                known = ", ".join(EXTENSIONS)
                problems.append(f"{match}: the folder has no image: expected files in {known}")
    return FoundImages(tuple(images), tuple(problems))
