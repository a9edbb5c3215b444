"""The names of a model's classes."""

from __future__ import annotations

from pathlib import Path

from convert.formats.regular import read_text
from mappings.errors import PublishError
from mappings.words import counted

MAX_CLASS_NAMES = 16 << 20  # bytes: 100,000 class names of 160 letters


def read_class_names(path: Path, num_classes: int) -> tuple[str, ...]:
    """The class names in a UTF-8 file, one per line, in the order of the model's outputs.

    Raises PublishError if their number is not that of the classes, or if one is empty or occurs
    twice; FormatError for a file that is not UTF-8 text.
    """
    names = tuple(line.strip() for line in read_text(path, MAX_CLASS_NAMES).splitlines())
    if len(names) != num_classes:
        raise PublishError(
            f"{path}: has {counted(len(names), 'line')}, expected one for each of the "
            f"{num_classes} classes"
        )
    lines: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name or not name.isprintable():
            raise PublishError(f"{path}: line {index + 1}: expected the name of class {index}")
        if (first := lines.setdefault(name, index + 1)) <= index:
            raise PublishError(f"{path}: line {index + 1}: {name!r} is on line {first} already")
    return names
