"""The ILSVRC2012 development kit: its own class numbers, from 1, told by a file beside the labels.

The numbers are in no order of the WordNet ids. ``meta.mat`` of the kit of 2012 pairs them, and so
does ``map_clsloc.txt`` of later kits, in lines of WordNet id, number and name.
"""

from __future__ import annotations

from pathlib import Path

from verify.datasets.dataset import DatasetError
from verify.datasets.expectation import wordnet_ids
from verify.datasets.matlab import read_synsets

GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"


def class_index_of_id(folder: Path) -> dict[int, int]:
    """Class index by the kit's number, 1 to 1000, read from the synset list in ``folder``.

    Raises DatasetError when there is none, or when it does not pair the 1000 classes one to one.
    """
    table, matrix = folder / "map_clsloc.txt", folder / "meta.mat"
    if table.is_file():
        source = table
        pairs = [tuple(line.split()[:2]) for line in table.read_text().splitlines() if line]
        numbers = {int(n): wnid for wnid, n in (p for p in pairs if len(p) == 2) if n.isdigit()}
    elif matrix.is_file():
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
