# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["datasets==4.4.1", "pillow>=11"]
# ///
"""The hub's library ``datasets`` writes a tree of class folders as its Parquet files.

    uv run --script tests/support/write_hub_parquet.py TREE OUT

The classes are the names of the folders, in order; there are two files of the split "validation".
"""

import pathlib
import sys

from datasets import ClassLabel, Dataset, Features, Image


def main(tree, out):
    images = sorted(tree.glob("*/*"))
    classes = sorted({path.parent.name for path in images})
    rows = {
        "image": [{"bytes": path.read_bytes(), "path": path.name} for path in images],
        "label": [classes.index(path.parent.name) for path in images],
    }
    features = Features({"image": Image(), "label": ClassLabel(names=classes)})
    dataset = Dataset.from_dict(rows, features=features)
    (out / "data").mkdir(parents=True)
    for k in range(2):
        part = dataset.shard(2, k, contiguous=True)
        part.to_parquet(out / "data" / f"validation-{k:05}-of-00002.parquet", batch_size=50)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
