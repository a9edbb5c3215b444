"""Attributes that MXNet keeps as float32 whatever the data are: eps, slopes, exponents."""

from __future__ import annotations

import copy
import struct
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from architectures.graph.functions.deviation import standard_deviation
from architectures.graph.functions.masked_softmax import sum_of_cross_entropies
from architectures.graph.functions.pooling_windows import old_pool
from architectures.graph.functions.scaled import group_norm_by_group, l2_normalized


def float32(value: float) -> float:
    """A number rounded to float32."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def layer_eps32(layer: nn.Module, *inputs: Tensor) -> Any:
    """A layer that has an ``eps``, with that rounded."""
    other = copy.copy(layer)
    other.eps = float32(layer.eps)  # type: ignore[arg-type, assignment]
    return other(*inputs)


def batch_norm_eps32(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    weight: Tensor | None,
    bias: Tensor,
    eps: float,
) -> Tensor:
    return F.batch_norm(x, mean, variance, weight, bias, eps=float32(eps))


def layer_norm_eps32(
    x: Tensor, shape: list[int], weight: Tensor, bias: Tensor, eps: float
) -> Tensor:
    return F.layer_norm(x, shape, weight, bias, float32(eps))


def instance_norm_eps32(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.instance_norm(x, weight=weight, bias=bias, eps=float32(eps))


def standard_deviation_eps32(x: Tensor, axis: int, eps: float) -> Tensor:
    return standard_deviation(x, axis, float32(eps))


def old_pool_scale32(
    x: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    full: bool,
    kind: str,
) -> Tensor:
    """Pooling_v1 multiplies a sum by 1 / (number of positions), a float32."""
    y = old_pool(x, kernel, stride, pad, full, "sum" if kind == "avg" else kind)
    return y * float32(1 / (kernel[0] * kernel[1])) if kind == "avg" else y


def global_average_scale32(layer: nn.Module, x: Tensor) -> Tensor:
    """Pooling_v1 with ``global_pool``, likewise. x: (N, C, H, W)."""
    return x.sum((2, 3), keepdim=True) * float32(1 / (x.shape[2] * x.shape[3]))


def sum_of_cross_entropies_least32(x: Tensor, label: Tensor) -> Tensor:
    return sum_of_cross_entropies(x, label, float32(1e-8))


def group_norm_eps32(x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.group_norm(x, groups, weight, bias, float32(eps))


def group_norm_by_group_eps32(
    x: Tensor, groups: int, weight: Tensor, bias: Tensor, eps: float
) -> Tensor:
    return group_norm_by_group(x, groups, weight, bias, float32(eps))


def l2_normalized_eps32(x: Tensor, mode: str, eps: float) -> Tensor:
    return l2_normalized(x, mode, float32(eps))
