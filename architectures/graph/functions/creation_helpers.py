"""Tensors of numbers in order."""

from __future__ import annotations

import torch
from torch import Tensor


def arange_like(
    x: Tensor, axis: int | None = None, start: float = 0, step: float = 1, repeat: int = 1
) -> Tensor:
    """start, start + step, ..., each number `repeat` times, as many as x has elements (along an
    axis), in the dtype of x."""
    count = x.numel() if axis is None else x.size(axis)
    numbers = torch.arange(count, device=x.device)
    if repeat != 1:
        numbers = numbers // repeat
    numbers = numbers.to(x.dtype) * step + start
    return numbers.reshape(x.shape) if axis is None else numbers


def linspace(
    start: float,
    stop: float,
    count: int,
    endpoint: bool,
    dtype: torch.dtype,
    device: torch.device | None,
) -> Tensor:
    """Evenly spaced numbers, with or without `stop`, computed in float64."""
    gaps = count - 1 if endpoint else count
    numbers = torch.arange(count, dtype=torch.float64, device=device)
    return (start + numbers * ((stop - start) / max(gaps, 1))).to(dtype)


def logspace(
    start: float,
    stop: float,
    count: int,
    endpoint: bool,
    base: float,
    dtype: torch.dtype,
    device: torch.device | None,
) -> Tensor:
    """Powers of a base with evenly spaced exponents, computed in float64."""
    exponents = linspace(start, stop, count, endpoint, torch.float64, device)
    return (base**exponents).to(dtype)


def grid_indices(sizes: tuple[int, ...], dtype: torch.dtype, device: torch.device | None) -> Tensor:
    """The position of each element of a grid: (axes, *sizes)."""
    axes = [torch.arange(size, dtype=dtype, device=device) for size in sizes]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


def eye(rows: int, columns: int, k: int, dtype: torch.dtype, device: torch.device | None) -> Tensor:
    """A matrix with ones on diagonal k: column - row == k."""
    row = torch.arange(rows, device=device).reshape(-1, 1)
    return (torch.arange(columns, device=device) - row == k).to(dtype)


def shape_array(x: Tensor) -> Tensor:
    """The shape of x as a vector."""
    return torch.tensor(x.shape, dtype=torch.int64, device=x.device)


def size_array(x: Tensor) -> Tensor:
    """The number of elements of x as a vector of one."""
    return torch.tensor([x.numel()], dtype=torch.int64, device=x.device)
