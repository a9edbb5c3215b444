"""The names of a model's classes."""

from __future__ import annotations

from pathlib import Path

from convert.formats.regular import read_text
from mappings.errors import PublishError

MAX_LABELS = 16 << 20  # bytes: 100,000 class names of 160 letters


def read_labels(path: Path, num_classes: int) -> tuple[str, ...]:
    """The class names of a UTF-8 file, one a line, in the order of the model's outputs.

    Raises PublishError where they are not as many as the classes, or one is empty or named twice,
    and FormatError for a file that is no UTF-8 text.
    """
    names = tuple(line.strip() for line in read_text(path, MAX_LABELS).splitlines())
    if len(names) != num_classes:
        raise PublishError(
            f"{path}: has {len(names)} lines, expected one for each of the {num_classes} classes"
        )
    lines: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name or not name.isprintable():
            raise PublishError(f"{path}: line {index + 1}: expected the name of class {index}")
        if (first := lines.setdefault(name, index + 1)) <= index:
            raise PublishError(f"{path}: line {index + 1}: {name!r} is line {first} already")
    return names
