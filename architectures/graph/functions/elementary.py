"""Elementary functions that PyTorch does not have, or has with other values somewhere."""

import math

import torch
from torch import Tensor


def cube_root(x: Tensor) -> Tensor:
    """The real cube root, which negative numbers have too."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)


def gamma_function(x: Tensor) -> Tensor:
    """The gamma function; below 1/2 by its reflection, gamma(x) gamma(1 - x) = pi / sin(pi x)."""
    low = x < 0.5
    above = torch.exp(torch.lgamma(torch.where(low, 1 - x, x)))
    turned = x - torch.round(x)
    sign = 1 - 2 * torch.remainder(torch.round(x), 2)
    return torch.where(low, math.pi / (sign * torch.sin(math.pi * turned) * above), above)


def modulo(x: Tensor, y: Tensor) -> Tensor:
    """The remainder with the sign of ``y``; 0 where ``y`` is 0."""
    zero = y == 0
    return torch.where(zero, 0, torch.remainder(x, torch.where(zero, 1, y)))


def hypotenuse(x: Tensor, y: float) -> Tensor:
    """The square root of x * x + y * y."""
    return torch.hypot(x, torch.full_like(x, y))


def hard_sigmoid(x: Tensor, alpha: float, beta: float) -> Tensor:
    """A line of slope ``alpha`` between 0 and 1."""
    return torch.clamp(alpha * x + beta, 0, 1)


def smooth_l1(x: Tensor, sigma: float) -> Tensor:
    """A parabola up to 1 / sigma^2, and lines beyond it."""
    squared = sigma * sigma
    size = torch.abs(x)
    return torch.where(size < 1 / squared, 0.5 * squared * x * x, size - 0.5 / squared)


def divided_by_root(x: Tensor) -> Tensor:
    """``x`` divided by the square root of the length of its last axis."""
    return x / math.sqrt(x.shape[-1])


def without_nan(x: Tensor, instead: float) -> Tensor:
    """``x`` with another number in the place of NaN."""
    return torch.where(torch.isnan(x), instead, x)


def mean_of_integers(
    x: Tensor, dim: int | tuple[int, ...] | None = None, keepdim: bool = False
) -> Tensor:
    """The mean as a floating-point number."""
    total = x.sum(dim, keepdim)
    count: float = x.numel() / max(total.numel(), 1)
    return total / count
