"""The digests of a node's outputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from verify.parity.graphs.graph_trace import _digested
from verify.parity.projections import PROJECTIONS, coefficients


def by_definition(x: Tensor) -> Tensor:
    """Every value times its coefficient along each axis, summed."""
    sums = []
    for k in range(PROJECTIONS):
        products = x
        for axis, length in enumerate(x.shape):
            along = coefficients(str(axis), length)[:, k]
            products = products * along.reshape(-1, *[1] * (x.ndim - axis - 1))
        sums.append(products.sum())
    return torch.stack(sums)


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (7,), (0,), (1, 1, 5), (2, 3), (1, 6, 4, 5), (3, 1, 2, 1, 8), (1, 0, 4), (3, 0)],
    ids=str,
)
def test_a_digest_is_its_definition_whatever_the_order_of_the_memory(
    shape: tuple[int, ...],
) -> None:
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for one in range(max(1, len(shape))):
        for other in range(one, max(1, len(shape))):
            turned = x.transpose(one, other) if shape else x
            for value in (turned, turned.contiguous()):
                found = torch.from_numpy(_digested(value).digests)
                torch.testing.assert_close(found, by_definition(value), rtol=1e-13, atol=1e-13)


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    x = torch.arange(24.0, dtype=torch.float64).reshape(2, 3, 4)
    finite = x.clone()
    for place, value in enumerate((torch.nan, torch.inf, -torch.inf, torch.inf)):
        x.view(-1)[5 * place] = value
        finite.view(-1)[5 * place] = 0
    trace = _digested(x)
    assert trace.nonfinite.tolist() == [1, 2, 1]
    torch.testing.assert_close(torch.from_numpy(trace.digests), by_definition(finite))
    assert _digested(finite).nonfinite.tolist() == [0, 0, 0]
