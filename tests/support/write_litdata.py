# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["litdata==0.2.58", "torch==2.15.0", "pillow>=11", "zstd==1.5.7.2"]
# ///
"""LitData writes a tree of class folders as its chunks.

    uv run --script tests/support/write_litdata.py TREE OUT [--compression NAME]

It writes OUT/plain/val, or OUT/packed/val with a compression.
"""

import pathlib
import sys

import litdata

TREE = pathlib.Path(sys.argv[1])
IMAGES = sorted(TREE.glob("*/*"))
CLASSES = sorted({path.parent.name for path in IMAGES})


def sample(number):
    path = IMAGES[number]
    return {
        "image": path.read_bytes(),
        "label": CLASSES.index(path.parent.name),
        "filename": path.name,
    }


if __name__ == "__main__":
    packed = sys.argv[4] if sys.argv[3:4] == ["--compression"] else None
    litdata.optimize(
        fn=sample,
        inputs=list(range(len(IMAGES))),
        output_dir=str(pathlib.Path(sys.argv[2]) / ("packed" if packed else "plain") / "val"),
        chunk_size=100,
        num_workers=1,
        compression=packed,
    )
