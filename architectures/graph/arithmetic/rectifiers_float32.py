"""Activations that MXNet computes in float32 (src/operator/mshadow_op.h)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from architectures.graph.arithmetic.float32_attributes import float32


def product(x: Tensor, slope: Tensor) -> Tensor:
    """Where x is positive, x; elsewhere the product with the slope, in float32."""
    return torch.where(x > 0, x, (x.float() * slope.float()).to(x.dtype))


def leaky_relu_float32(x: Tensor, slope: float) -> Tensor:
    return product(x, torch.tensor(slope))


def prelu_float32(x: Tensor, weight: Tensor) -> Tensor:
    """x: (N, C, ...); weight: (C,) or (1,)."""
    return product(x, weight.reshape(-1, *[1] * (x.ndim - 2)))


def prelu_layer_float32(layer: nn.PReLU, x: Tensor) -> Tensor:
    return prelu_float32(x, layer.weight)


def rrelu_float32(x: Tensor, lower: float, upper: float) -> Tensor:
    """The mean slope; it is computed in float32 too."""
    return product(x, (torch.tensor(lower) + torch.tensor(upper)) / 2)


def rrelu_layer_float32(layer: nn.RReLU, x: Tensor) -> Tensor:
    return rrelu_float32(x, layer.lower, layer.upper)


def elu_slope32(x: Tensor, slope: float) -> Tensor:
    return F.elu(x, float32(slope))


def selu_constants32(x: Tensor) -> Tensor:
    """The constants 1.0507... and 1.6733... are float32."""
    alpha = float32(1.6732632423543772848170429916717)
    scale = float32(1.0507009873554804934193349852946)
    return scale * torch.where(x > 0, x, alpha * torch.expm1(x))


def gelu_float32(x: Tensor) -> Tensor:
    """All of it in float32; the error function is rounded correctly."""
    single = x.float()
    erf = torch.erf((single / float32(2**0.5)).double()).float()
    return (0.5 * single * (1 + erf)).to(x.dtype)
