"""Regions of feature maps beyond conformance: gradients, export, no regions at all."""

import pytest
import torch
from torch import Tensor, nn

from architectures.graph.functions.region_pooling import (
    psroi_pooling,
    roi_align,
    roi_pooling,
    round_half_away,
)

ROIS = torch.tensor([[0.0, 1, 1, 4, 3], [1, 0, 2, 5, 5]])


def test_features_are_trained_through_regions_and_regions_are_not() -> None:
    features = torch.rand(2, 3, 6, 7, requires_grad=True)
    rois = ROIS.clone().requires_grad_()
    roi_align(features, rois, (2, 2), 1.0, 2).sum().backward()
    assert features.grad is not None and rois.grad is None
    assert float(features.grad.sum()) == pytest.approx(2 * 3 * 4)  # each sample weighs 1 in all


class Head(nn.Module):
    def forward(self, features: Tensor, rois: Tensor) -> Tensor:
        return roi_align(features, rois, (3, 3), 0.5, 2)


def test_aligned_regions_can_be_exported_for_any_count() -> None:
    features = torch.rand(2, 3, 6, 7)
    count = torch.export.Dim("count", min=2)
    shapes = {"features": None, "rois": {0: count}}
    exported = torch.export.export(Head(), (features, ROIS), dynamic_shapes=shapes).module()
    more = ROIS.repeat(3, 1)
    torch.testing.assert_close(exported(features, more), Head()(features, more))


def test_a_region_of_no_image_is_zero() -> None:
    rois = torch.tensor([[-1.0, 0, 0, 4, 4], [0, 0, 0, 4, 4]])
    pooled = roi_align(torch.ones(1, 2, 6, 7), rois, (2, 2), 1.0, 2)
    assert pooled[0].eq(0).all() and pooled[1].eq(1).all()


def test_no_regions_give_no_rows() -> None:
    features, none = torch.rand(1, 8, 6, 7), torch.zeros(0, 5)
    assert roi_align(features, none, (2, 3), 1.0).shape == (0, 8, 2, 3)
    assert roi_pooling(features, none, (2, 3), 1.0).shape == (0, 8, 2, 3)
    assert psroi_pooling(features, none, 2, 2, 1.0).shape == (0, 2, 2, 2)


def test_halves_are_rounded_away_from_zero() -> None:
    halves = torch.tensor([-2.5, -0.5, 0.49999997, 0.5, 1.5, 2.5])
    assert round_half_away(halves).tolist() == [-3, -1, 0, 1, 2, 3]
