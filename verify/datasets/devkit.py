"""The class numbers of the ILSVRC2012 development kit, from 1 to 1000, as WordNet ids.

The kit numbers the classes in an order of its own. ``ilsvrc2012_ids.txt`` has the WordNet id of
each number, one a line: the pairs of the kit's ``map_clsloc.txt``, which are those of its
``meta.mat`` (read from https://github.com/wisetrue95/Classification2020, data/map_clsloc.txt).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from convert.formats.regular import read_text
from mappings.errors import DatasetError
from verify.datasets.expectation import wordnet_ids
from verify.datasets.labelled_images import is_number

MAX_TABLE = 1 << 20
"""Bytes of a ``map_clsloc.txt``, which has 26 000."""
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"


@cache
def kit_ids() -> dict[int, str]:
    """The WordNet id of each of the kit's numbers, 1 to 1000."""
    text = files("verify").joinpath("datasets", "ilsvrc2012_ids.txt").read_text()
    return dict(enumerate(text.split(), 1))


def class_indices_of_kit(folder: Path) -> dict[int, int]:
    """The class index of each of the kit's numbers; ``folder`` holds the ground truth.

    Raises DatasetError if a ``map_clsloc.txt`` in that folder pairs them otherwise, and FormatError
    if it cannot be read.
    """
    table = folder / "map_clsloc.txt"
    if table.exists():
        rows = [line.split()[:2] for line in read_text(table, MAX_TABLE).splitlines()]
        listed = {int(row[1]): row[0] for row in rows if len(row) == 2 and is_number(row[1])}
        if other := [n for n, name in kit_ids().items() if listed.get(n) != name]:
            raise DatasetError(
                f"{table}: does not pair 1 to 1000 with WordNet ids as the development kit of 2012 "
                f"does: {other[0]} is {listed.get(other[0], 'missing')}, expected "
                f"{kit_ids()[other[0]]}: remove this file if the ground truth is of that kit"
            )
    indices = {name: index for index, name in enumerate(wordnet_ids())}
    return {number: indices[name] for number, name in kit_ids().items()}
