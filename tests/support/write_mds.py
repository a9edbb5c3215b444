# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["mosaicml-streaming==0.13.0", "torch==2.15.0"]
# ///
"""MosaicML's streaming writes a tree of class folders as MDS.

    uv run --script tests/support/write_mds.py TREE OUT [--compression NAME]

It writes OUT/plain/val, or OUT/packed/val with a compression.
"""

import pathlib
import sys

from streaming import MDSWriter


def main(tree, out, compression):
    images = sorted(tree.glob("*/*"))
    classes = sorted({path.parent.name for path in images})
    columns = {"image": "bytes", "label": "int", "filename": "str"}
    folder = str(out / ("packed" if compression else "plain") / "val")
    options = {"compression": compression, "hashes": ["sha1"], "size_limit": 1 << 14}
    with MDSWriter(out=folder, columns=columns, **options) as writer:
        for path in images:
            writer.write(
                {
                    "image": path.read_bytes(),
                    "label": classes.index(path.parent.name),
                    "filename": path.name,
                }
            )


if __name__ == "__main__":
    packed = sys.argv[4] if sys.argv[3:4] == ["--compression"] else None
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), packed)
