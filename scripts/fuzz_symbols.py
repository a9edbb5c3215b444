# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["atheris>=2.3", "ml-dtypes>=0.5", "numpy>=2.0"]
# ///
"""Fuzzes the reader of symbols, the search for a graph in an archive, and the lowering of graphs:
uv run --script scripts/fuzz_symbols.py [EXECUTIONS]

A symbol may be refused by FormatError, a source by ConversionError too. A graph that was read is
written and read again, which must give it again, and every node of it is lowered: an operator may
refuse its node, and nothing else.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import atheris
from fuzzing import start

sys.path.insert(0, str(Path(__file__).parent.parent))
with atheris.instrument_imports(include=["architectures.graph", "convert"]):
    from architectures.graph.interface import argument_names, auxiliary_names, output_names
    from architectures.graph.lowering import lower
    from convert.formats.symbol import parse_symbol, symbol_json
    from convert.graph_source import find_graph
from mappings.errors import ConversionError, FormatError


def node(op: str, name: str, *inputs: int, **attrs: str) -> dict[str, Any]:
    return {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs], "attrs": attrs}


def symbol(*nodes: dict[str, Any], version: int = 10901) -> bytes:
    return json.dumps(
        {
            "nodes": nodes,
            "arg_nodes": [],
            "heads": [[len(nodes) - 1, 0, 0]],
            "attrs": {"mxnet_version": ["int", version]},
        }
    ).encode()


DATA, W, B = node("null", "x", __shape__="(0, 3, 9, 9)"), node("null", "w"), node("null", "b")
SEEDS = (
    symbol(
        DATA,
        W,
        B,
        node("Convolution", "c", 0, 1, 2, kernel="(3, 3)", num_filter="8", stride="(2, 2)"),
        node("BatchNorm", "n", 3, 1, 2, fix_gamma="False", eps="1e-05"),
        node("Pooling", "p", 4, kernel="(2, 2)", pool_type="max", pooling_convention="full"),
        node("FullyConnected", "f", 5, 1, 2, num_hidden="4"),
        node("SoftmaxOutput", "softmax", 6, 1),
        version=803,
    ),
    symbol(
        DATA,
        node("SliceChannel", "s", 0, num_outputs="3", axis="1"),
        node("Reshape", "r", 1, shape="(-4, -1, 3, 0)", reverse="True"),
        node("transpose", "t", 2, axes="(0, 2, 1)"),
        node("slice", "l", 3, begin="(None, 1)", end="(None, None)", step="(1, -1)"),
        node("Concat", "a", 4, 4, dim="1", num_args="2"),
        node("_contrib_box_nms", "b", 5, overlap_thresh="0.45"),
        node("topk", "k", 6, k="2", ret_typ="both"),
    ),
    symbol(DATA, W, B, node("RNN", "r", 0, 1, 2, mode="gru", num_layers="2", state_size="4")),
)


def packed(content: bytes) -> bytes:
    """A tar in which this is the symbol."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, part in (("a-symbol.json", content), ("a-0000.params", b"")):
            member = tarfile.TarInfo(name)
            member.size = len(part)
            archive.addfile(member, io.BytesIO(part))
    return data.getvalue()


def read_symbol(content: bytes) -> None:
    try:
        graph = parse_symbol(content, "file")
    except FormatError as error:
        assert "\n" not in str(error)
        return
    assert parse_symbol(json.dumps(symbol_json(graph)), "file") == graph
    argument_names(graph), auxiliary_names(graph), output_names(graph)
    lower(graph, {}, {})
    lower(graph, {"w": (8, 3, 3, 3), "b": (8,)}, {"x": (1, 3, 9, 9)})


def read_archive(content: bytes, file: Path) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    try:
        find_graph(str(file))
    except (ConversionError, FormatError) as error:
        assert "\n" not in str(error)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file, corpus = Path(folder, "model.tar"), Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(SEEDS):
            (corpus / f"symbol-{number}").write_bytes(b"\0" + seed)
            (corpus / f"tar-{number}").write_bytes(b"\1" + packed(seed))
            (corpus / f"gzip-{number}").write_bytes(b"\1" + gzip.compress(packed(seed)))
            (corpus / f"packed-{number}").write_bytes(b"\2" + packed(seed))

        def read(content: bytes) -> None:
            way, content = content[:1], content[1:]
            if way == b"\1":
                read_archive(content, file)
            elif way == b"\2":
                read_archive(gzip.compress(content, 1), file)
            else:
                read_symbol(content)

        start(read, corpus, 16384)
