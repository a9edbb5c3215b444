# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["webdataset==1.0.2"]
# ///
"""The library ``webdataset`` writes a tree of class folders as shards, with timm's ``_info.json``.

uv run --script tests/support/write_webdataset.py TREE OUT
"""

import json
import pathlib
import sys

import webdataset


def main(tree, out):
    images = sorted(tree.glob("*/*"))
    classes = sorted({path.parent.name for path in images})
    out.mkdir(parents=True)
    with webdataset.ShardWriter(str(out / "digits-validation-%02d.tar"), maxcount=100) as writer:
        for number, path in enumerate(images):
            writer.write(
                {
                    "__key__": f"{number:06}",
                    path.suffix[1:]: path.read_bytes(),
                    "cls": classes.index(path.parent.name),
                    "json": {"filename": path.name},
                }
            )
    shards = sorted(out.glob("*.tar"))
    lengths = [min(100, len(images) - 100 * k) for k in range(len(shards))]
    split = {
        "name": "validation",
        "filenames": [path.name for path in shards],
        "shard_lengths": lengths,
        "num_samples": len(images),
    }
    (out / "_info.json").write_text(json.dumps({"splits": {"validation": split}}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
