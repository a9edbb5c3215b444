# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""The graphs of networks of the reference scripts: ``FOLDER/NAME-symbol.json``.

    uv run --script scripts/zoo_symbols.py FOLDER NAME...

A network that has no symbolic form is left out, with a line on stderr.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).parents[1] / "verify" / "reference"))

import gluon_reference  # type: ignore[import-not-found]
import module_reference  # type: ignore[import-not-found]
import mxnet as mx  # type: ignore[import-not-found]


def symbol(name: str) -> object:
    """The graph of a network, without parameters."""
    if "-resnet-" in name or name.endswith("_module"):
        return module_reference.create(name, None)[0].logits
    return gluon_reference.create(name, None, 3)(mx.sym.Variable("data"))


def main(folder: Path, names: list[str]) -> None:
    """Write the graph of each network."""
    for name in names:
        try:
            with mx.name.NameManager():  # numbers layers from zero, whatever was made before
                made = symbol(name)
            made.save(str(folder / f"{name}-symbol.json"))  # type: ignore[attr-defined]
        except (AttributeError, ValueError, mx.MXNetError, NotImplementedError, TypeError) as error:
            print(f"{name}: no graph: {str(error).splitlines()[-1]}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
