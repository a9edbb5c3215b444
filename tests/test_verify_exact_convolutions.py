"""The fast routes of float64 convolutions give what PyTorch's own give, for every kind of layer."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from verify.parity import workers
from verify.parity.exact_convolutions import (
    convolve,
    depthwise,
    exact_convolutions,
    on_planes,
    plain,
    route_of,
)
from verify.parity.projections import PROJECTIONS, coefficients, digest
from verify.parity.trace import trace

LAYERS = [  # route, side of the input, the layer
    (plain, 9, nn.Conv2d(8, 6, 1)),
    (plain, 9, nn.Conv2d(8, 6, 1, 2, bias=False)),
    (plain, 9, nn.Conv2d(8, 6, 3, 1, 1)),
    (plain, 40, nn.Conv2d(8, 6, 7, 2, 3)),
    (plain, 40, nn.Conv2d(8, 6, 3, 1, 1, padding_mode="reflect")),
    (plain, 40, nn.Conv2d(8, 6, 3, 1, padding="same")),
    (plain, 9, nn.Conv2d(8, 6, 1, groups=2)),
    (on_planes, 40, nn.Conv2d(8, 6, 3, 1, 1)),
    (on_planes, 40, nn.Conv2d(8, 6, (1, 3), 1, (0, 1), bias=False)),
    (on_planes, 9, nn.Conv2d(8, 16, 3, 1, 1, groups=4)),
    (on_planes, 9, nn.Conv2d(8, 16, 3, 2, 1, 2, groups=2, bias=False)),
    (on_planes, 9, nn.Conv2d(8, 16, 3, 1, 1, groups=8)),
    (depthwise, 9, nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False)),
    (depthwise, 10, nn.Conv2d(8, 8, 5, 2, 2, groups=8)),
    (depthwise, 11, nn.Conv2d(8, 8, (5, 3), (1, 2), (0, 1), (2, 1), groups=8)),
]


def described(value: object) -> str:
    return str(getattr(value, "__name__", value))[:60]


@pytest.mark.parametrize(("route", "side", "layer"), LAYERS, ids=described)
def test_a_route_gives_what_the_layer_gives(route: object, side: int, layer: nn.Conv2d) -> None:
    layer = layer.to(torch.float64, memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 8, side, side)))
    x = x.contiguous(memory_format=torch.channels_last)
    assert route_of(layer, x) is route
    with torch.inference_mode():
        expected, found = layer(x), convolve(layer, x)
    assert found.shape == expected.shape
    assert found.is_contiguous(memory_format=torch.channels_last)
    limit = rounding(layer, x)
    assert ((found - expected).abs() <= limit).all()
    assert not ((found - expected - 1e-12).abs() <= limit).any()


def rounding(layer: nn.Conv2d, x: torch.Tensor) -> torch.Tensor:
    """How far two orders of the same sums can be apart: each addition rounds by half an ulp of at
    most the sum of all magnitudes."""
    magnitudes = deepcopy(layer)
    for parameter in magnitudes.parameters():
        parameter.data.abs_()
    terms = layer.weight[0].numel() + 1
    with torch.inference_mode():
        sums: torch.Tensor = magnitudes(x.abs())
    return 2 * terms * 2.0**-53 * sums


def test_other_precisions_and_replaced_layers_keep_their_own_way() -> None:
    layer, x = nn.Conv2d(8, 8, 3, 1, 1, groups=8), torch.zeros(1, 8, 40, 40)
    assert route_of(layer, x) is plain
    replaced, plainly = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)
    replaced.forward = own = lambda x: x  # type: ignore[method-assign]
    with exact_convolutions(nn.Sequential(replaced, plainly)):
        assert replaced.forward is own
        assert "forward" in vars(plainly)
    assert "forward" not in vars(plainly)


def test_a_shape_that_does_not_fit_is_still_an_error() -> None:
    layer = nn.Conv2d(8, 8, 3, groups=8).double()
    for shape in ((1, 7, 9, 9), (1, 8, 2, 2)):
        with pytest.raises(RuntimeError):
            convolve(layer, torch.zeros(shape, dtype=torch.float64))


class Network(nn.Module):
    """A layer of each route."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 8, 3, 1, 1)
        self.grouped = nn.Conv2d(8, 8, 3, 2, 1, groups=2)
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.depthwise(self.grouped(self.stem(x)).relu())
        logits: torch.Tensor = self.head(x.mean((2, 3)))
        return logits


LAYER_NAMES = ("stem", "grouped", "depthwise", "head")
INPUTS = np.random.default_rng(0).normal(size=(5, 3, 32, 32)).astype(np.float32)


def test_a_trace_is_that_of_the_plain_routes() -> None:
    fast, slow = (trace(Network(), INPUTS, LAYER_NAMES, plain=plain) for plain in (False, True))
    assert np.allclose(fast.logits64, slow.logits64, rtol=0, atol=1e-13)
    assert np.array_equal(fast.logits32, slow.logits32)
    assert fast.digests64.keys() == slow.digests64.keys() == set(LAYER_NAMES)
    for name in LAYER_NAMES:
        scale = np.abs(slow.digests64[name]).max()
        assert np.allclose(fast.digests64[name], slow.digests64[name], rtol=0, atol=1e-14 * scale)
        assert np.array_equal(fast.digests32[name], slow.digests32[name])


def test_a_trace_does_not_depend_on_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = []
    for count in (1, 3):
        monkeypatch.setattr(workers, "cores", lambda count=count: count)
        traces.append(trace(Network(), INPUTS, LAYER_NAMES))
    one, three = traces
    assert np.array_equal(one.logits64, three.logits64)
    assert np.array_equal(one.logits32, three.logits32)
    for name in LAYER_NAMES:
        assert np.array_equal(one.digests64[name], three.digests64[name])
        assert np.array_equal(one.digests32[name], three.digests32[name])


def test_a_digest_is_the_same_in_every_layout() -> None:
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 6, 5, 4)))
    planes, pixels = digest(x), digest(x.contiguous(memory_format=torch.channels_last))
    c, h, w = (coefficients(axis, n) for axis, n in zip("chw", x.shape[1:], strict=True))
    expected = torch.einsum("nchw,ck,hk,wk->nk", x, c, h, w)
    assert planes.shape == (2, PROJECTIONS)
    assert torch.allclose(planes, expected, rtol=0, atol=1e-13)
    assert torch.allclose(pixels, expected, rtol=0, atol=1e-13)
