"""What is said of a graph's outputs: their differences, a picture of the largest, their meaning."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from architectures.graph.graph import Graph, Node, NodeEntry
from convert import conversion
from convert.formats.symbol import symbol_json
from tests.faults.graphs import convolutional
from verify.graphs.output_meaning import output_meanings
from verify.parity.graphs.graph_outputs import difference_map
from verify.parity.result import Criterion, DifferenceMap, OutputError, Parity
from verify.report.page import write_report
from verify.report.rendering import dimensions
from verify.tensors.comparison import compare_tensors

OUTPUT = OutputError("heatmap", (1, 17, 64, 48), "float", 52224, False, 1.5, 2e-3, 2e-3, 1e-7)


def maps() -> tuple[np.ndarray, np.ndarray]:
    source = np.zeros((2, 1, 3, 120, 300))
    port = source.copy()
    port[1, 0, 2, 110, 250] = -0.5
    port[1, 0, 2, 3, 4] = 0.25
    port[0, 0, 0, 5, 5] = 0.4
    return source, port


def test_the_map_is_that_of_the_worst_case_and_channel() -> None:
    found = difference_map(*maps(), is_float64=True)
    assert found is not None
    assert (found.case, found.channel, found.channels) == (1, (0, 2), (2,))
    assert (found.height, found.width, found.row, found.column) == (120, 300, 110, 250)
    assert found.peak == 0.5
    levels = np.array([list(bytes.fromhex(row)) for row in found.levels])
    assert levels.shape == (96, 96)
    cells = {(int(y), int(x)): int(levels[y, x]) for y, x in np.argwhere(levels)}
    assert cells == {(88, 80): 255, (3, 1): 128}  # of 120 rows and 300 columns


def test_what_is_no_map_or_does_not_differ_has_no_picture() -> None:
    source, port = maps()
    assert difference_map(source, source, True) is None
    assert difference_map(source[0, 0, 0], port[0, 0, 0], True) is None
    boxes = np.zeros((2, 1, 100, 4))
    assert difference_map(boxes, boxes[:, :, :50], True) is None


def test_the_page_shows_names_shapes_and_the_picture(tmp_path: Path) -> None:
    drawn = difference_map(*maps(), is_float64=True)
    ids = OutputError("ids", (1, 100, 1), "int32", 100, True, 19.0, 0.0, 0.0, 0.0)
    sampled = replace(OUTPUT, name="aux", known=512)
    outputs = (replace(OUTPUT, map=drawn), ids, sampled)
    criteria = (Criterion("evidence", True, "2 cases", 2),)
    parity = Parity("net", "live", 2, criteria, None, leg="network", outputs=outputs)
    page = write_report([parity], tmp_path).read_text()
    assert dimensions((1, 17, 64, 48)) in page and "follows a choice" in page
    assert "512 of its numbers, and a digest of all of them" in page
    assert "whole numbers, which must be equal" in page
    assert page.count("<image ") == 1 and "case 1, channel 2" in page
    again = json.loads((tmp_path / "parity.json").read_text())["models"][0]
    assert Parity.from_json(again) == parity


def test_a_picture_that_is_no_grid_is_refused() -> None:
    drawn = difference_map(*maps(), is_float64=True)
    assert drawn is not None
    with pytest.raises(ValueError, match="different lengths"):
        DifferenceMap(**{**vars(drawn), "levels": ("00ff", "00")})


def test_the_meaning_follows_from_the_task_or_the_last_operators() -> None:
    nodes = (Node(None, "data"), Node("_contrib_box_nms", "nms", (NodeEntry(0),)))
    boxes = Graph(nodes, (NodeEntry(1),) * 3, 10901)
    shapes = [(1, 100, 1), (1, 100, 1), (1, 100, 4)]
    ids, scores, corners = output_meanings(boxes, shapes)
    assert ids and "class of each box" in ids and scores and "score" in scores
    assert corners and "pixels of the input" in corners
    plain = Graph((Node(None, "data"), Node("tanh", "t", (NodeEntry(0),))), (NodeEntry(1),), 10901)
    assert output_meanings(plain, [(1, 17, 64, 48)]) == [None]
    assert output_meanings(plain, [(1, 17, 64, 48)], "pose")[0]
    first, auxiliary = output_meanings(plain, [(1, 21, 480, 480)] * 2, "segmentation")
    assert first and "at each pixel" in first and auxiliary and "auxiliary" in auxiliary


def test_tensors_of_a_graph_are_paired_with_structural_names(tmp_path: Path) -> None:
    right = convolutional()
    (tmp_path / "net-symbol.json").write_text(json.dumps(symbol_json(right.graph)))
    np.savez(tmp_path / "net.npz", **right.tensors)  # type: ignore[arg-type]
    out = tmp_path / "out.safetensors"
    conversion.convert("graph", out, tmp_path / "net-symbol.json", params=tmp_path / "net.npz")
    names = {name: f"features.{place}.value" for place, name in enumerate(right.tensors)}
    saved = tmp_path / "saved.npz"
    np.savez(saved, **{names[n]: a for n, a in right.tensors.items()})  # type: ignore[arg-type]
    record = tmp_path / "out.provenance.json"
    provenance = json.loads(record.read_text())
    provenance["variables"] = {structural: name for name, structural in names.items()}
    record.write_text(json.dumps(provenance))
    for pair in ((out, saved), (saved, out)):
        found = compare_tensors(*pair)
        assert found.compared == len(right.tensors) and not found.only_a and not found.only_b
        assert {d.a.name for d in found.differences} <= {"bn.weight", "features.1.value"}
