"""The ILSVRC2012 development kit: its own class numbers, from 1, told by a file beside the labels.

The numbers are in no order of the WordNet ids. ``meta.mat`` of the kit of 2012 pairs them, and so
does ``map_clsloc.txt`` of later kits, in lines of WordNet id, number and name.
"""

from __future__ import annotations

from pathlib import Path

from convert.formats.regular import read_text
from mappings.errors import DatasetError
from verify.datasets.expectation import wordnet_ids
from verify.datasets.labelled_images import is_number
from verify.datasets.matlab import read_synsets

MAX_TABLE = 1 << 20
"""Bytes of a ``map_clsloc.txt``, which has 26 000."""
GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"


def class_index_of_id(folder: Path) -> dict[int, int]:
    """Class index by the kit's number, 1 to 1000, read from the synset list in ``folder``.

    Raises DatasetError when there is none, or when it does not pair the 1000 classes one to one;
    FormatError when it cannot be read.
    """
    table, matrix = folder / "map_clsloc.txt", folder / "meta.mat"
    if table.exists():
        source = table
        rows = [line.split()[:2] for line in read_text(table, MAX_TABLE).splitlines()]
        numbers = {int(row[1]): row[0] for row in rows if len(row) == 2 and is_number(row[1])}
    elif matrix.exists():
        source, numbers = matrix, read_synsets(matrix)
    else:
        raise DatasetError(
            f"{folder}: the ground truth has the kit's own class numbers, and neither meta.mat nor "
            "map_clsloc.txt is beside it to say which they are: copy one there from the kit's data "
            "folder"
        )
    classes = {number: numbers.get(number) for number in range(1, 1001)}
    if sorted(map(str, classes.values())) != list(wordnet_ids()):
        raise DatasetError(f"{source}: does not pair 1 to 1000 with ImageNet's 1000 WordNet ids")
    indices = {name: index for index, name in enumerate(wordnet_ids())}
    return {number: indices[str(name)] for number, name in classes.items()}
