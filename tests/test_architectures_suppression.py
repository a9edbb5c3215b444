"""Suppression beyond what the drawn cases of conformance reach: many boxes, gradients, export."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from architectures.graph.functions.suppression import box_area, box_nms, suppressed
from verify.operators.operator_case import DrawnInput, OperatorCase
from verify.operators.operator_goldens import read_operator_answers, run_operator_reference
from verify.operators.operator_verdict import judge


def drawn_boxes(count: int) -> Tensor:
    """Boxes (2, count, 4), best first."""
    corners = torch.rand(2, count, 2, 2, generator=torch.Generator().manual_seed(0))
    return torch.cat((corners.amin(-2), corners.amax(-2)), -1)


def greedy(boxes: Tensor, ids: list[int], thresh: float) -> list[bool]:
    """Suppression of one image (K, 4), written out."""
    keep = [True] * len(boxes)
    for first, a in enumerate(boxes.tolist()):
        for second, b in enumerate(boxes.tolist()):
            if first < second and keep[first] and ids[first] == ids[second]:
                width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
                height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
                areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
                if width * height / (areas - width * height) > thresh:
                    keep[second] = False
    return keep


@pytest.mark.parametrize("rows", [1, 7, 40, 256])
def test_boxes_are_suppressed_greedily_in_blocks_of_any_size(rows: int) -> None:
    boxes = drawn_boxes(40).double()
    ids = torch.arange(40).expand(2, -1) % 3
    valid = torch.ones(2, 40, dtype=torch.bool)
    keep = suppressed(boxes, box_area(boxes, "corner"), ids, valid, 0.2, rows=rows)
    expected = [greedy(image, ids[0].tolist(), 0.2) for image in boxes]
    assert keep.tolist() == expected
    assert 0 < int(keep.sum()) < 80


def test_the_gradient_of_a_kept_box_goes_to_its_place() -> None:
    """The example of MXNet's documentation of box_nms."""
    data = torch.tensor(
        [
            [0, 0.5, 0.1, 0.1, 0.2, 0.2],
            [1, 0.4, 0.1, 0.1, 0.2, 0.2],
            [0, 0.3, 0.1, 0.1, 0.14, 0.14],
            [2, 0.6, 0.5, 0.5, 0.7, 0.8],
        ],
        requires_grad=True,
    )
    out, places = box_nms(data, overlap_thresh=0.1, id_index=0, force_suppress=True)
    assert places.flatten().tolist() == [3, 0, -1, -1]
    out.backward(torch.tensor([0.1, 0.2, 0.3, 0.4])[:, None].expand(4, 6))
    assert data.grad is not None
    assert data.grad[:, 0].tolist() == pytest.approx([0.2, 0, 0, 0.1])


class Detector(nn.Module):
    def forward(self, data: Tensor) -> Tensor:
        return box_nms(data, overlap_thresh=0.3, topk=12, id_index=0)[0]


def test_suppression_can_be_exported() -> None:
    kinds = torch.arange(20).expand(2, -1)[..., None] % 2
    data = torch.cat((kinds, torch.rand(2, 20, 1), drawn_boxes(20)), -1)
    exported = torch.export.export(Detector(), (data,)).module()
    assert torch.equal(exported(data), Detector()(data))


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="MXNet's wheels are for Linux")
@pytest.mark.parametrize("topk", ["-1", "400"])
def test_hundreds_of_boxes_with_ties_agree_with_mxnet(tmp_path: Path, topk: str) -> None:
    columns = [
        {"width": 1, "draw": "integers", "low": -1, "high": 4, "seed": 1},
        {"width": 1, "draw": "ties", "low": 0, "high": 1, "levels": 50, "seed": 2},
        {"width": 4, "draw": "boxes", "low": 0, "high": 1, "seed": 3},
    ]
    data = DrawnInput((3, 1200, 6), "columns", {"columns": columns})
    attributes = {"overlap_thresh": "0.45", "valid_thresh": "0.01", "topk": topk, "id_index": "0"}
    case = OperatorCase("_contrib_box_nms", attributes, (data,))
    run_operator_reference([case], tmp_path / "answer.npz")
    (answer,) = read_operator_answers(tmp_path / "answer.npz")
    outcome = judge(answer)
    assert outcome.float64 == 0
    assert not outcome.problems
    kept = (answer.outputs["float64"][0][..., 0] >= 0).sum()
    assert 30 < kept < 3600 and np.isfinite(answer.outputs["float64"][0]).all()
