"""The order of a data set's label numbers, checked against ImageNet's WordNet ids.

A file of a data set holds numbers, and another order of the classes gives other numbers. So the
numbers are compared with the names of the classes, if the data set has them, and with the WordNet
ids in the names of its images. If neither says which class a number is, the user has to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from convert.formats.regular import utf8
from mappings.errors import DatasetError
from verify.datasets.expectation import Expectation, imagenet_names, wordnet_ids
from verify.datasets.labelled_images import FoundImage, count, some
from verify.datasets.storage import read_file

MAX_NAMES_FILE = 1 << 24
GIVE = "give --label-names FILE, the WordNet ids in the order of the label numbers, one a line"
DIGITS = "0123456789"
WORDNET_ID = re.compile(r"(?<![A-Za-z0-9])n[0-9]{8}(?![0-9])")


@dataclass(frozen=True)
class ClassNames:
    """The names of a data set's classes in the order of its label numbers, and where they are."""

    names: tuple[str, ...]
    source: str


def read_label_names(path: Path | str) -> ClassNames:
    """The names in a UTF-8 file, one a line. Raises FormatError for a file that is not text."""
    lines = utf8(read_file(path, MAX_NAMES_FILE), path).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return ClassNames(tuple(line.strip() for line in lines), str(path))


def relabelled(
    path: str,
    expected: Expectation,
    images: Sequence[FoundImage],
    names: ClassNames | None,
    described: Iterable[tuple[str, int]] = (),
    *,
    demanded: bool = True,
) -> list[FoundImage]:
    """Images with label numbers, with class indices instead.

    ``names``: the classes in the order of the numbers; ``described``: other texts about images, and
    their numbers; ``demanded``: whether something has to say what the numbers mean. Numbers of no
    class, as of images without a label, stay as they are.
    Raises DatasetError if the names of classes are not the model's, if they contradict an image's
    name, and if nothing says what the numbers mean.
    """
    if expected.names is None:
        if names is not None and len(names.names) != expected.classes:
            raise DatasetError(_other_classes(names, expected))
        return list(images)
    indices = _by_name(names, expected) if names else {}
    said = [(image.id, image.label) for image in images if image.label is not None]
    _check_names_of_images(path, expected, (*said, *described), names, indices, demanded)
    if all(number == index for number, index in indices.items()):
        return list(images)
    return [
        image
        if image.label is None
        else FoundImage(image.id, image.location, indices.get(image.label, image.label))
        for image in images
    ]


def _check_names_of_images(
    path: str,
    expected: Expectation,
    images: Iterable[tuple[str, int]],
    names: ClassNames | None,
    indices: dict[int, int],
    demanded: bool,
) -> None:
    """Compare each label number with the WordNet ids in the name of the image."""
    ids = {name: index for index, name in enumerate(expected.names or ())}
    said: dict[int, bool] = defaultdict(bool)
    for image, number in images:
        if not 0 <= number < expected.classes:
            continue
        means = indices.get(number, number)
        found = {ids[name] for name in WORDNET_ID.findall(image) if name in ids}
        if found and found != {means}:
            by = f"by {names.source}" if names else "in the order of the WordNet ids"
            other = some(expected.name(k) for k in sorted(found))
            raise DatasetError(
                f"{path}: {image[:120]!r} has label {number}, which is {expected.name(means)} "
                f"{by}, but its name says {other}: {GIVE}"
            )
        said[number] |= bool(found)
    unsaid = sorted(number for number, known in said.items() if not known)
    if demanded and names is None and unsaid:
        numbers = f"{count(len(unsaid), 'label number')} ({some(map(str, unsaid))})"
        raise DatasetError(
            f"{path}: nothing says which classes are meant by {numbers}: there are no names of "
            f"classes, and no WordNet ids in the names of images: {GIVE}"
        )


def _by_name(names: ClassNames, expected: Expectation) -> dict[int, int]:
    """The class index of each number by its name: a WordNet id, or WordNet's lemmas."""
    if len(names.names) != expected.classes:
        raise DatasetError(_other_classes(names, expected))
    spelled = [name.strip().lower() for name in names.names]
    if any(_alike(spelled, form) for form in _forms()):
        return {number: number for number in range(len(spelled))}
    table = _table()
    indices: dict[int, int] = {}
    for number, name in enumerate(spelled):
        found = table.get(name) or table.get(name.rstrip(DIGITS)) or set()
        if len(found) != 1:
            why = "is the name of two classes" if found else "is not one of ImageNet's classes"
            raise DatasetError(
                f"{names.source}: label {number}: {names.names[number]!r} {why}: expected its "
                f"WordNet id: {GIVE}"
            )
        (indices[number],) = found
    if twice := len(indices) - len(set(indices.values())):
        raise DatasetError(
            f"{names.source}: {count(twice, 'class')} more than once: expected each class once"
        )
    return indices


def _other_classes(names: ClassNames, expected: Expectation) -> str:
    return (
        f"{names.source}: names {count(len(names.names), 'class')}, but the model has "
        f"{expected.classes}: give the data set of the model's classes"
    )


def _alike(names: Sequence[str], form: Sequence[str]) -> bool:
    """Whether names are those of ``form`` in its order.

    The names of a class label of the hub are unique, so its second "crane" is called "crane2".
    """
    return all(one in (name, name.rstrip(DIGITS)) for name, one in zip(names, form, strict=True))


@cache
def _forms() -> tuple[tuple[str, ...], ...]:
    """The names of ImageNet's classes in order: WordNet ids, all their lemmas, their first ones."""
    lemmas = tuple(name.lower() for name in imagenet_names())
    return wordnet_ids(), lemmas, tuple(name.partition(",")[0] for name in lemmas)


@cache
def _table() -> dict[str, set[int]]:
    """The classes that a WordNet id, or all lemmas of a class, may mean."""
    table: dict[str, set[int]] = defaultdict(set)
    for form in _forms()[:2]:
        for index, name in enumerate(form):
            table[name].add(index)
    return dict(table)
