"""Pooling where PyTorch's layers have other windows, or none of the kind (MXNet Pooling)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def padded_windows(
    x: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    full: bool,
    value: float,
) -> Tensor:
    """The data padded with ``value``, on the right as far as the last window reaches.

    x: (N, C, *sizes). ``full`` adds a last window that sticks out.
    """
    widths: list[int] = []
    for size, k, s, p in zip(x.shape[2:], kernel, stride, pad, strict=True):
        count = (size + 2 * p - k + (s - 1 if full else 0)) // s + 1
        widths = [p, max((count - 1) * s + k - size - p, p), *widths]
    return F.pad(x, widths, value=value)


def max_pool(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], full: bool
) -> Tensor:
    """The maximum of each window; the lowest number where a window has no data."""
    pools = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
    lowest = torch.finfo(x.dtype).min
    y: Tensor = pools[len(kernel)](
        padded_windows(x, kernel, stride, pad, full, lowest), kernel, stride
    )
    return y


def sum_pool(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], full: bool
) -> Tensor:
    """The sum of each window."""
    pools = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
    means = pools[len(kernel)](padded_windows(x, kernel, stride, pad, full, 0.0), kernel, stride)
    count = 1
    for k in kernel:
        count *= k
    return means * count


def lp_pool(
    x: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    full: bool,
    power: int,
) -> Tensor:
    """The root of the sum of powers, of each window; an odd power keeps its sign."""
    return signed_root(sum_pool(x**power, kernel, stride, pad, full), power)


def signed_root(x: Tensor, power: int) -> Tensor:
    """The number of the same sign whose power is ``x``; NaN for an even power of none."""
    return x.sign() * x.abs() ** (1 / power) if power % 2 else x ** (1 / power)


def average_pool(
    x: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    full: bool,
    count_include_pad: bool,
) -> Tensor:
    """The average of each window; where it has no data, 0 in one and two dimensions, else NaN."""
    y = sum_pool(x, kernel, stride, pad, full)
    for axis, (k, s, p) in enumerate(zip(kernel, stride, pad, strict=True), start=2):
        size = x.shape[axis]
        begin = torch.arange(y.shape[axis], device=x.device) * s - p
        end = (begin + k).clamp(max=size + p if count_include_pad else size)
        count = end - (begin if count_include_pad else begin.clamp(min=0))
        shape = [-1 if a == axis else 1 for a in range(x.ndim)]
        if len(kernel) < 3:
            count = count.clamp(min=1)
        y = y / count.to(x.dtype).reshape(shape)
    return y


def global_pool(x: Tensor, kind: str, power: int = 1) -> Tensor:
    """All positions of each channel as one. x: (N, C, *sizes); (N, C, 1, ...)."""
    axes = list(range(2, x.ndim))
    if kind == "max":
        return x.amax(axes, keepdim=True)
    if kind == "avg":
        return x.mean(axes, keepdim=True)
    if kind == "lp":
        return signed_root((x**power).sum(axes, keepdim=True), power)
    return x.sum(axes, keepdim=True)


def old_pool(
    x: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    full: bool,
    kind: str,
) -> Tensor:
    """MXNet's Pooling_v1: zeros as padding, which a maximum and an average see.

    x: (N, C, H, W). ``full`` adds a last window that sticks out.
    """
    x = F.pad(x, (pad[1], pad[1], pad[0], pad[0]))
    if kind == "max":
        beyond = padded_windows(x, kernel, stride, (0, 0), full, -torch.inf)
        return F.max_pool2d(beyond, kernel, stride)
    y = sum_pool(x, kernel, stride, (0, 0), full)
    return y if kind == "sum" else y / (kernel[0] * kernel[1])
