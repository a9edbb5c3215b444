"""The names of a model's classes."""

from __future__ import annotations

from pathlib import Path

from verify.publish.dataset import dataset
from verify.publish.errors import PublishError
from verify.publish.gate import Gathered


def read_labels(path: Path, num_classes: int) -> tuple[str, ...]:
    """The class names of a UTF-8 file, one a line, in the order of the model's outputs.

    Raises PublishError where they are not as many as the classes, or one is empty or named twice.
    """
    try:
        names = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise PublishError(f"{path}: is no UTF-8 text: give one class name a line") from error
    if len(names) != num_classes:
        raise PublishError(
            f"{path}: has {len(names)} lines, expected one for each of the {num_classes} classes"
        )
    for index, name in enumerate(names):
        if not name or not name.isprintable():
            raise PublishError(f"{path}: line {index + 1}: expected the name of class {index}")
        if name in names[:index]:
            first = names.index(name) + 1
            raise PublishError(f"{path}: line {index + 1}: {name!r} is line {first} already")
    return names


def default_labels(gathered: Gathered) -> tuple[str, ...] | None:
    """Class names where none are given: those of the published data set, None for ImageNet's, which
    clients know themselves; else the indices, since nothing is known of the classes."""
    if gathered.of_published_data:
        return dataset(gathered.model).labels
    return tuple(map(str, range(gathered.num_classes)))
