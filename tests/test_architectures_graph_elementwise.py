"""The helpers of elementwise operators: gradients flow, any batch, in both precisions."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from architectures.graph.functions import elementary, gradients, rounding, truth

X = torch.tensor([[-2.3, -0.7, 0.4], [0.9, 1.7, 3.2]], dtype=torch.float64)
SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "cube_root": elementary.cube_root,
    "gamma_function": elementary.gamma_function,
    "modulo": lambda x: elementary.modulo(x, torch.full_like(x, 1.1)),
    "hypotenuse": lambda x: elementary.hypotenuse(x, 0.5),
    "hard_sigmoid": lambda x: elementary.hard_sigmoid(x, 0.2, 0.5),
    "smooth_l1": lambda x: elementary.smooth_l1(x, 1.5),
    "divided_by_root": elementary.divided_by_root,
    "without_nan": lambda x: elementary.without_nan(x, 0.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_are_those_of_the_function(name: str) -> None:
    assert torch.autograd.gradcheck(SMOOTH[name], (X.clone().requires_grad_(),))


@pytest.mark.parametrize("name", [*SMOOTH, "round_half_away", "round_half_down"])
def test_helpers_keep_the_dtype(name: str) -> None:
    function: Any = SMOOTH.get(name) or getattr(rounding, name)
    for dtype in (torch.float32, torch.float64):
        assert function(X.to(dtype)).dtype == dtype


def test_the_gamma_function_is_that_of_the_standard_library() -> None:
    x = torch.tensor([-3.5, -2.25, -0.5, 0.25, 0.5, 1, 4.5, 10], dtype=torch.float64)
    expected = torch.tensor([math.gamma(value) for value in x.tolist()], dtype=torch.float64)
    torch.testing.assert_close(elementary.gamma_function(x), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rounding_is_right_next_to_halves_and_for_large_numbers(dtype: torch.dtype) -> None:
    half = torch.tensor(0.5, dtype=dtype)
    below = torch.nextafter(half, torch.zeros((), dtype=dtype))
    large = torch.tensor(2.0**23 + 1, dtype=dtype)
    x = torch.stack([below, half, -half, large])
    assert rounding.round_half_away(x).tolist() == [0, 1, -1, 2.0**23 + 1]
    assert rounding.round_half_down(x).tolist() == [0, 0, -1, 2.0**23 + 1]


def test_comparisons_give_numbers_of_their_first_argument() -> None:
    whole = torch.tensor([1, 2, 3], dtype=torch.int64)
    assert truth.greater(whole, 2).dtype == torch.int64
    assert truth.logical_not(X).dtype == torch.float64


def test_the_remainder_by_zero_is_zero_and_sends_no_nan_back() -> None:
    x = torch.tensor([5.0, -5.0], requires_grad=True)
    y = torch.tensor([0.0, 3.0], requires_grad=True)
    result = elementary.modulo(x, y)
    result.sum().backward()
    assert result.tolist() == [0, 1]
    assert x.grad is not None and y.grad is not None
    assert torch.isfinite(x.grad).all() and torch.isfinite(y.grad).all()


def test_a_step_passes_the_gradient_straight_through() -> None:
    x = X.clone().requires_grad_()
    stepped = gradients.with_gradient_of(torch.sign(x), x, 0.5)
    assert torch.equal(stepped, torch.sign(X))
    stepped.sum().backward()
    assert x.grad is not None and torch.equal(x.grad, torch.full_like(X, 0.5))
