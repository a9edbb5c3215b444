"""Elementwise operators whose attributes MXNet keeps in float32, whatever the data's dtype."""

import math

import torch
from torch import Tensor


def in_float32(value: float) -> float:
    """The nearest float32."""
    return torch.tensor(value, dtype=torch.float32).item()


def clip_in_float32(x: Tensor, low: float, high: float) -> Tensor:
    """src/operator/tensor/matrix_op-inl.h, ClipParam: the bounds are float32."""
    return torch.clamp(x, in_float32(low), in_float32(high))


def hard_sigmoid_in_float32(x: Tensor, alpha: float, beta: float) -> Tensor:
    """src/operator/tensor/elemwise_unary_op.h, HardSigmoidParam: slope and offset are float32."""
    return torch.clamp(in_float32(alpha) * x + in_float32(beta), 0, 1)


def degrees_by_float32(x: Tensor) -> Tensor:
    """src/operator/mshadow_op.h, degrees: the factor is a quotient of float32 numbers."""
    return x * in_float32(180 / in_float32(math.pi))


def radians_by_float32(x: Tensor) -> Tensor:
    """src/operator/mshadow_op.h, radians: the factor is a quotient of float32 numbers."""
    return x * in_float32(in_float32(math.pi) / 180)
