"""The files of one split of a data set, in order, and which of them are missing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mappings.errors import DatasetError
from verify.datasets.labelled_images import count, some

EVALUATED = ("validation", "valid", "val", "test")
"""The names of the split that is evaluated, the first that is there."""
SPLIT = re.compile(r"(?:^|[-_.])(train|training|validation|valid|val|test)(?=[-_.]|$)")
NUMBERED = re.compile(r"-([0-9]{5,9})-of-([0-9]{5,9})")


@dataclass(frozen=True)
class SplitFile:
    """A file by its path and its '/'-separated name in the data set."""

    path: Path | str
    name: str

    @property
    def split(self) -> str:
        """The split that the file's name says, or the folder it is in; empty if neither does."""
        for part in reversed(self.name.split("/")):
            if found := SPLIT.findall(part):
                return str(found[-1])
        return ""


def files_under(paths: Sequence[Path], root: Path | None) -> list[SplitFile]:
    """Files with their names below ``root``, or with the names below their common folder."""
    above = root or Path(*common([path.parent.parts for path in paths]))
    return sorted(
        (SplitFile(path, path.relative_to(above).as_posix()) for path in paths),
        key=lambda file: file.name,
    )


def common(folders: Iterable[Sequence[str]]) -> list[str]:
    """The folders that paths, as their parts, have in common from their beginning on."""
    parts = []
    for level in zip(*folders, strict=False):
        if len(set(level)) > 1:
            break
        parts.append(level[0])
    return parts


def evaluated_split(path: str, files: Sequence[SplitFile]) -> tuple[str, list[SplitFile]]:
    """The split to evaluate among those that files belong to, and its files.

    Raises DatasetError if there are several splits, and none is called as an evaluation set is.
    """
    splits: dict[str, list[SplitFile]] = defaultdict(list)
    for file in files:
        splits[file.split].append(file)
    if len(splits) == 1:
        return next(iter(splits.items()))
    for name in EVALUATED:
        if name in splits:
            return name, splits[name]
    raise DatasetError(
        f"{path}: holds several splits: {some(sorted(name or 'unnamed' for name in splits))}: name "
        "the files to evaluate, as in 'FOLDER/validation-*'"
    )


def missing_files(path: str, files: Sequence[SplitFile]) -> list[str]:
    """A line if files numbered ``-00003-of-00014`` are missing.

    Raises DatasetError if they are numbered for different totals, or one number occurs twice: then
    the images of several copies would be counted.
    """
    numbers: dict[int, str] = {}
    totals: dict[int, str] = {}
    for file in files:
        if found := NUMBERED.search(file.name):
            number, total = map(int, found.groups())
            totals.setdefault(total, file.name)
            if number in numbers or number >= total or len(totals) > 1:
                other = numbers.get(number) or next(iter(totals.values()))
                raise DatasetError(
                    f"{path}: {other} and {file.name} are not of one set of files: every image "
                    "counts once: name the files of one set"
                )
            numbers[number] = file.name
    for total, example in totals.items():
        if missing := [number for number in range(total) if number not in numbers]:
            names = some(
                NUMBERED.sub(f"-{number:05}-of-{total:05}", example) for number in missing[:6]
            )
            more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
            verb = "is" if len(missing) == 1 else "are"
            return [f"{len(missing)} of {count(total, 'file')} {verb} missing: {names}{more}"]
    return []
