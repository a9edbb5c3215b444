# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""MXNet 1.9.1 says what it finds in symbol files.

    uv run --script tests/support/mxnet_symbols.py FOLDER OUT.json

OUT has, for each FOLDER/NAME.json, the names that MXNet lists and the annotations that it keeps, or
its error. Each file is loaded in a process of its own: some end MXNet's.
"""

import json
import os
import pathlib
import sys

import mxnet as mx


def answer(file):
    try:
        symbol = mx.sym.load(str(file))
        return {
            "arguments": symbol.list_arguments(),
            "auxiliary": symbol.list_auxiliary_states(),
            "outputs": symbol.list_outputs(),
            "annotations": {
                name: {key: text for key, text in found.items() if key[:2] == key[-2:] == "__"}
                for name, found in symbol.attr_dict().items()
            },
        }
    except mx.MXNetError as error:
        return {"error": str(error)}


def alone(file):
    """The answer, from a process of its own."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(writes, "w") as stream:
            json.dump(answer(file), stream)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"error": "MXNet's process ended"}


def main():
    folder, out = map(pathlib.Path, sys.argv[1:])
    files = sorted(folder.glob("*.json"))
    out.write_text(json.dumps({file.stem: alone(file) for file in files}))


if __name__ == "__main__":
    main()
